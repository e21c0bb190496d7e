/*
 * A library to preload behind the shim: makes calls of the shim fail, and of nobody else.
 *
 *     INJECT="getsockopt=ENOBUFS,write=ENOSPC,mmap=ENOMEM"
 *
 * What the shim asks the kernel itself is known by the instruction's address: a seccomp filter that the shim
 * knows nothing of answers for it. What it asks libc, by the caller's. The constructor runs before the shim's.
 */
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOT_HERE  77
#define RULES_MAX 16

static const struct {
	const char *name;
	long number;
} calls[] = {
#define CALL(name)                                                                                                     \
	{                                                                                                              \
#name, SYS_##name                                                                                      \
	}
	CALL(getsockopt), CALL(getsockname), CALL(getpeername),	  CALL(socket),	      CALL(sendmsg),
	CALL(recvmsg),	  CALL(ioctl),	     CALL(statx),	  CALL(openat),	      CALL(read),
	CALL(pread64),	  CALL(getdents64),  CALL(readlinkat),	  CALL(fcntl),	      CALL(write),
	CALL(ppoll),	  CALL(uname),	     CALL(getcwd),	  CALL(getsid),	      CALL(sigaltstack),
	CALL(tgkill),	  CALL(clone),	     CALL(rt_sigpending), CALL(rt_sigaction), CALL(process_vm_readv),
	CALL(prlimit64),  CALL(faccessat),   CALL(getppid),	  CALL(lseek),	      CALL(ftruncate),
	CALL(close),	  CALL(renameat2),   CALL(unlinkat),	  CALL(futex),	      CALL(mincore),
};

static const struct {
	const char *name;
	int number;
} errors[] = {
#define ERROR(name)                                                                                                    \
	{                                                                                                              \
#name, name                                                                                            \
	}
	ERROR(EPERM),  ERROR(EIO),    ERROR(ENOSPC), ERROR(EPIPE),   ERROR(ENOMEM), ERROR(EMFILE),	 ERROR(EACCES),
	ERROR(ENOSYS), ERROR(EINVAL), ERROR(EAGAIN), ERROR(ENOBUFS), ERROR(EROFS),  ERROR(EAFNOSUPPORT),
};

static uintptr_t text_start, text_end; /* of the shim's code */
static int mmap_error, thread_error, dlopen_error;

static int find_shim(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)size;
	(void)unused;
	if (!strstr(info->dlpi_name, "libtcpwaitspy.so"))
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *load = &info->dlpi_phdr[i];

		if (load->p_type != PT_LOAD || !(load->p_flags & PF_X))
			continue;
		text_start = info->dlpi_addr + load->p_vaddr;
		text_end = text_start + load->p_memsz;
	}
	return 1;
}

static bool is_shim(const void *caller)
{
	return (uintptr_t)caller >= text_start && (uintptr_t)caller < text_end;
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	if (mmap_error && is_shim(__builtin_return_address(0))) {
		errno = mmap_error;
		return MAP_FAILED;
	}
	return (void *)syscall(SYS_mmap, addr, len, prot, flags, fd, offset);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
	int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
		dlsym(RTLD_NEXT, "pthread_create");

	if (thread_error && is_shim(__builtin_return_address(0)))
		return thread_error;
	return real(thread, attr, start, arg);
}

void *dlopen(const char *name, int flags)
{
	void *(*real)(const char *, int) = dlsym(RTLD_NEXT, "dlopen");

	if (dlopen_error && is_shim(__builtin_return_address(0)))
		return NULL;
	return real(name, flags);
}

static int error_of(const char *name)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(errors[i].name, name) == 0)
			return errors[i].number;
	fprintf(stderr, "inject: no error %s\n", name);
	_exit(98);
}

static struct sock_filter load(size_t offset)
{
	return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

/* The next `count` instructions are left out where the test holds or does not. */
static struct sock_filter skip_if(uint16_t test, uint64_t value, uint8_t if_true, uint8_t if_false)
{
	return (struct sock_filter)BPF_JUMP(BPF_JMP | test | BPF_K, (uint32_t)value, if_true, if_false);
}

static struct sock_filter end_with(uint32_t action)
{
	return (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
}

/* A filter for one call; several filters add up. */
static void refuse(long number, int error)
{
	const size_t ip = offsetof(struct seccomp_data, instruction_pointer);
	struct sock_filter filter[] = {
		load(offsetof(struct seccomp_data, nr)),
		skip_if(BPF_JEQ, (uint64_t)number, 0, 5),
		load(ip + 4),
		skip_if(BPF_JEQ, text_start >> 32, 0, 3),
		load(ip),
		skip_if(BPF_JGE, (uint32_t)text_start, 0, 1),
		skip_if(BPF_JGE, (uint32_t)text_end, 0, 1),
		end_with(SECCOMP_RET_ALLOW),
		end_with(SECCOMP_RET_ERRNO | (uint32_t)error),
	};
	struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0]), .filter = filter};

	if (text_start >> 32 != text_end >> 32)
		_exit(NOT_HERE);
	/* By libc's own syscall(), which is not the shim's: it must not hear of the filter. */
	long (*bare)(long, ...) = dlsym(dlopen("libc.so.6", RTLD_NOLOAD | RTLD_NOW), "syscall");

	if (bare(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) != 0 ||
	    bare(SYS_seccomp, (long)SECCOMP_SET_MODE_FILTER, 0L, &program) != 0)
		_exit(NOT_HERE);
}

static void inject(const char *name, int error)
{
	if (strcmp(name, "mmap") == 0)
		mmap_error = error;
	else if (strcmp(name, "pthread_create") == 0)
		thread_error = error;
	else if (strcmp(name, "dlopen") == 0)
		dlopen_error = error;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(calls[i].name, name) == 0)
			refuse(calls[i].number, error);
}

__attribute__((constructor)) static void start(void)
{
	const char *wanted = getenv("INJECT");
	char *copy = wanted ? strdup(wanted) : NULL, *rest = NULL;

	dl_iterate_phdr(find_shim, NULL);
	if (!copy || !text_start)
		return;
	for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		char *equals = strchr(word, '=');

		if (!equals)
			continue;
		*equals = '\0';
		inject(word, error_of(equals + 1));
	}
	free(copy);
}
