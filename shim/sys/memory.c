/*
 * Reading this process's own memory; see memory.h.
 */
#include "memory.h"

#include <sys/uio.h>

#include "sys.h"

#if defined(__x86_64__)
/* process_vm_readv(2), with its six arguments, one more than sys.h has. */
long spy_memory_copy(void *to, uintptr_t from, size_t len)
{
	struct iovec local = {.iov_base = to, .iov_len = len};
	struct iovec remote = {.iov_base = (void *)from, .iov_len = len};
	long pid = spy_sys0(SYS_getpid), rc = SYS_process_vm_readv;

	if (!spy_sandbox_allows_number(rc))
		return -EPERM;
	{
		register long r10 __asm__("r10") = (long)&remote;
		register long r8 __asm__("r8") = 1;
		register long r9 __asm__("r9") = 0;

		__asm__ volatile("syscall"
				 : "+a"(rc)
				 : "D"(pid), "S"(&local), "d"(1L), "r"(r10), "r"(r8), "r"(r9)
				 : "rcx", "r11", "memory");
	}
	return rc;
}
#else
long spy_memory_copy(void *to, uintptr_t from, size_t len)
{
	(void)to;
	(void)from;
	(void)len;
	return -ENOSYS;
}
#endif

/*
 * rt_sigprocmask() reads its set before it looks at what shall be done with it: EFAULT where the address cannot be read,
 * EINVAL where it can, and nothing is changed. It reads eight bytes, which stay on the byte's page when they are aligned.
 */
bool spy_memory_can_read(const void *address)
{
	uintptr_t aligned = (uintptr_t)address & ~(uintptr_t)7;

	/* Without an address it reads nothing. */
	return aligned && spy_sys4(SYS_rt_sigprocmask, ~0, aligned, NULL, 8) != -EFAULT;
}
