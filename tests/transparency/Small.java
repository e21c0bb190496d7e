/*
 * A small server and its clients in one process, in the ways that Java has: com.sun.net.httpserver with
 * HttpURLConnection and HttpClient, plain sockets, channels with a selector, and the exceptions when it goes wrong.
 * Prints a line `CASE: RESULT` for each.
 */
import com.sun.net.httpserver.HttpServer;
import java.io.*;
import java.net.*;
import java.net.http.*;
import java.nio.ByteBuffer;
import java.nio.channels.*;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.*;

public class Small {
    interface Case { Object run() throws Exception; }

    static final InetAddress HERE = InetAddress.getLoopbackAddress();

    static void say(String name, Case body) {
        Object result;
        try {
            result = body.run();
        } catch (Exception e) {
            result = e.getClass().getName() + " " + e.getMessage();
        }
        System.out.println(name + ": " + result);
    }

    static HttpServer http() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(HERE, 0), 50);
        server.createContext("/", exchange -> {
            byte[] asked = exchange.getRequestBody().readAllBytes();
            byte[] answer = (exchange.getRequestMethod() + " " + exchange.getRequestURI() + " " + asked.length)
                .getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        server.setExecutor(Executors.newFixedThreadPool(4, task -> {
            Thread thread = new Thread(task);
            thread.setDaemon(true);
            return thread;
        }));
        server.start();
        return server;
    }

    static void clients(String base) {
        say("url connection", () -> {
            StringBuilder all = new StringBuilder();
            for (int i = 0; i < 20; i++) {
                HttpURLConnection connection = (HttpURLConnection) new URL(base + i).openConnection();
                try (InputStream in = connection.getInputStream()) {
                    all.append(new String(in.readAllBytes(), StandardCharsets.UTF_8)).append(';');
                }
            }
            return all;
        });
        say("http client", () -> {
            HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
            CompletableFuture<?>[] all = new CompletableFuture<?>[20];
            for (int i = 0; i < all.length; i++)
                all[i] = client.sendAsync(HttpRequest.newBuilder(URI.create(base + "async"))
                    .POST(HttpRequest.BodyPublishers.ofString("x".repeat(1000))).build(),
                    HttpResponse.BodyHandlers.ofString()).thenApply(HttpResponse::body);
            CompletableFuture.allOf(all).get(20, TimeUnit.SECONDS);
            return all[0].get() + " " + all.length;
        });
    }

    static void sockets() {
        say("echo over sockets", () -> {
            try (ServerSocket listener = new ServerSocket(0, 5, HERE)) {
                Thread server = new Thread(() -> {
                    try (Socket peer = listener.accept()) {
                        peer.getInputStream().transferTo(peer.getOutputStream());
                    } catch (IOException e) {
                        System.out.println("echo server: " + e);
                    }
                });
                server.start();
                try (Socket socket = new Socket(HERE, listener.getLocalPort())) {
                    socket.getOutputStream().write(new byte[100000]);
                    socket.shutdownOutput();
                    int got = socket.getInputStream().readAllBytes().length;
                    server.join();
                    return got;
                }
            }
        });
        say("read times out", () -> {
            try (ServerSocket listener = new ServerSocket(0, 5, HERE);
                 Socket socket = new Socket(HERE, listener.getLocalPort())) {
                socket.setSoTimeout(100);
                return socket.getInputStream().read();
            }
        });
        say("accept times out", () -> {
            try (ServerSocket listener = new ServerSocket(0, 5, HERE)) {
                listener.setSoTimeout(100);
                return listener.accept();
            }
        });
        say("closed by another thread", () -> {
            try (ServerSocket listener = new ServerSocket(0, 5, HERE)) {
                CountDownLatch begun = new CountDownLatch(1);
                FutureTask<String> task = new FutureTask<>(() -> {
                    begun.countDown();
                    try {
                        listener.accept();
                        return "accepted";
                    } catch (SocketException e) {
                        return e.getMessage();
                    }
                });
                new Thread(task).start();
                begun.await();
                Thread.sleep(200);
                listener.close();
                return task.get(10, TimeUnit.SECONDS);
            }
        });
        say("refused", () -> {
            int port;
            try (ServerSocket listener = new ServerSocket(0, 5, HERE)) {
                port = listener.getLocalPort();
            }
            return new Socket(HERE, port);
        });
        say("address in use", () -> {
            try (ServerSocket listener = new ServerSocket(0, 5, HERE)) {
                return new ServerSocket(listener.getLocalPort(), 5, HERE);
            }
        });
        say("closed socket", () -> {
            Socket socket = new Socket();
            socket.close();
            return socket.getInputStream();
        });
    }

    static void channels() {
        say("selector", () -> {
            try (Selector selector = Selector.open(); ServerSocketChannel listener = ServerSocketChannel.open()) {
                listener.bind(new InetSocketAddress(HERE, 0)).configureBlocking(false);
                listener.register(selector, SelectionKey.OP_ACCEPT);
                SocketChannel client = SocketChannel.open(listener.getLocalAddress());
                client.write(ByteBuffer.wrap("through a channel".getBytes(StandardCharsets.UTF_8)));
                client.shutdownOutput();
                StringBuilder got = new StringBuilder();
                for (boolean over = false; !over; ) {
                    if (selector.select(10000) == 0)
                        return "nothing came";
                    for (SelectionKey key : selector.selectedKeys()) {
                        if (key.isAcceptable()) {
                            SocketChannel peer = listener.accept();
                            peer.configureBlocking(false).register(selector, SelectionKey.OP_READ);
                        } else {
                            ByteBuffer buffer = ByteBuffer.allocate(7);
                            over = ((SocketChannel) key.channel()).read(buffer) < 0;
                            got.append(StandardCharsets.UTF_8.decode(buffer.flip()));
                            if (over)
                                key.channel().close();
                        }
                    }
                    selector.selectedKeys().clear();
                }
                client.close();
                return got;
            }
        });
        say("asynchronous channel", () -> {
            try (AsynchronousServerSocketChannel listener = AsynchronousServerSocketChannel.open()) {
                listener.bind(new InetSocketAddress(HERE, 0));
                Future<AsynchronousSocketChannel> accepted = listener.accept();
                AsynchronousSocketChannel client = AsynchronousSocketChannel.open();
                client.connect(listener.getLocalAddress()).get(10, TimeUnit.SECONDS);
                AsynchronousSocketChannel peer = accepted.get(10, TimeUnit.SECONDS);
                peer.write(ByteBuffer.wrap(new byte[] {1, 2, 3})).get(10, TimeUnit.SECONDS);
                peer.close();
                ByteBuffer buffer = ByteBuffer.allocate(16);
                while (client.read(buffer).get(10, TimeUnit.SECONDS) > 0)
                    continue;
                client.close();
                return buffer.position();
            }
        });
        say("process", () -> {
            Process child = new ProcessBuilder("cat").start();
            child.getOutputStream().write("through a child".getBytes(StandardCharsets.UTF_8));
            child.getOutputStream().close();
            return new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8) + child.waitFor();
        });
    }

    public static void main(String[] args) throws Exception {
        HttpServer server = http();
        clients("http://127.0.0.1:" + server.getAddress().getPort() + "/");
        sockets();
        channels();
        server.stop(0);
        System.exit(3);
    }
}
