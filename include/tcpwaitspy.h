/*
 * tcpwaitspy.h: what a program may say to tcpwaitspy, when it happens to run under it.
 *
 * Optional, and nothing to link: the functions are weak, the shim has them where it is preloaded, and
 * without it a call does nothing. The program is the same either way. (Static programs, and those
 * linked with -no-pie of code compiled with -fno-pic, never see the shim's: the linker decides for them.)
 *
 *	#include <tcpwaitspy.h>
 *
 *	fd = accept(listener, NULL, NULL);
 *	tcpwaitspy_annotate(fd, tenant_name);
 *
 * All of them keep errno. They are async-signal-safe but for tcpwaitspy_summary(), which takes the
 * dynamic loader's lock.
 */
#ifndef TCPWAITSPY_H
#define TCPWAITSPY_H

/* How many bytes of a note are kept; a longer one is cut, between characters of UTF-8. */
#define TCPWAITSPY_NOTE_MAX 127

#ifdef TCPWAITSPY_SHIM
#define TCPWAITSPY_API __attribute__((visibility("default")))
#else
#define TCPWAITSPY_API __attribute__((weak))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Puts a note on the connection that descriptor fd refers to: it stands as `note` in the findings about
 * it and in its lines of the JSON log, until another one is put there. "" or NULL takes it away. What is
 * no open TCP socket is left alone. The text is copied.
 */
TCPWAITSPY_API void tcpwaitspy_annotate(int fd, const char *text);

/* Writes a summary as it is now to the log, as `dump_signal` does. */
TCPWAITSPY_API void tcpwaitspy_summary(void);

/* The version of the shim, "0.1.0"; NULL where the program does not run under it. */
TCPWAITSPY_API const char *tcpwaitspy_version(void);

#ifndef TCPWAITSPY_SHIM

static __inline__ void tcpwaitspy_annotate_if_there(int fd, const char *text)
{
	if (tcpwaitspy_annotate)
		tcpwaitspy_annotate(fd, text);
}

static __inline__ void tcpwaitspy_summary_if_there(void)
{
	if (tcpwaitspy_summary)
		tcpwaitspy_summary();
}

static __inline__ const char *tcpwaitspy_version_if_there(void)
{
	return tcpwaitspy_version ? tcpwaitspy_version() : (const char *)0;
}

#define tcpwaitspy_annotate(fd, text) tcpwaitspy_annotate_if_there(fd, text)
#define tcpwaitspy_summary()	      tcpwaitspy_summary_if_there()
#define tcpwaitspy_version()	      tcpwaitspy_version_if_there()

#endif

#ifdef __cplusplus
}
#endif

#endif
