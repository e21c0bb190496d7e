/*
 * The shim's own system calls, past libc: libc's wrappers are hooked, are cancellation points
 * and set errno, and none of that may happen on the shim's account. Each returns what the kernel
 * returns: a value, or -errno. Up to five arguments (the sixth costs a register that 32-bit x86
 * does not have). Source: syscall(2), "Architecture calling conventions".
 */
#ifndef SPY_SYS_SYS_H
#define SPY_SYS_SYS_H

#include <errno.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#ifndef STATX_INO
#include <linux/stat.h> /* struct statx, which musl does not declare */
#endif

#include "sandbox.h"

#if defined(__x86_64__)
static inline long spy_sys_bare(long n, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return ret;
}
#elif defined(__aarch64__)
static inline long spy_sys_bare(long n, long a, long b, long c, long d, long e)
{
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
	return x0;
}
#elif defined(__i386__)
static inline long spy_sys_bare(long n, long a, long b, long c, long d, long e)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(n), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory");
	return ret;
}
#else
#error "spy_sys5() wants a few lines for this architecture; see syscall(2)"
#endif

/* Where the program has put a seccomp filter on itself, only what that lets through is asked. */
#ifdef __clang_analyzer__
long spy_sys5(long n, long a, long b, long c, long d, long e); /* It cannot know what the kernel writes. */
#else
static inline long spy_sys5(long n, long a, long b, long c, long d, long e)
{
	if (__builtin_expect(spy_sandboxed, 0)) {
		const uint64_t args[6] = {(uint64_t)a, (uint64_t)b, (uint64_t)c, (uint64_t)d, (uint64_t)e, 0};

		if (!spy_sandbox_allows(n, args))
			return -EPERM;
	}
	return spy_sys_bare(n, a, b, c, d, e);
}
#endif

/* The number by which libc's mmap() asks, for a filter to judge. */
#ifdef SYS_mmap2
#define SPY_SYS_MMAP SYS_mmap2
#else
#define SPY_SYS_MMAP SYS_mmap
#endif

#define SPY_SYS_ARG(x)		((long)(x))
#define spy_sys0(n)		spy_sys5((n), 0, 0, 0, 0, 0)
#define spy_sys1(n, a)		spy_sys5((n), SPY_SYS_ARG(a), 0, 0, 0, 0)
#define spy_sys2(n, a, b)	spy_sys5((n), SPY_SYS_ARG(a), SPY_SYS_ARG(b), 0, 0, 0)
#define spy_sys3(n, a, b, c)	spy_sys5((n), SPY_SYS_ARG(a), SPY_SYS_ARG(b), SPY_SYS_ARG(c), 0, 0)
#define spy_sys4(n, a, b, c, d) spy_sys5((n), SPY_SYS_ARG(a), SPY_SYS_ARG(b), SPY_SYS_ARG(c), SPY_SYS_ARG(d), 0)
#define spy_sys(n, a, b, c, d, e)                                                                                      \
	spy_sys5((n), SPY_SYS_ARG(a), SPY_SYS_ARG(b), SPY_SYS_ARG(c), SPY_SYS_ARG(d), SPY_SYS_ARG(e))

#endif
