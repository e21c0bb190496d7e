/*
 * Names for addresses: module, offset, build id and function, from the ELF files themselves, so
 * that static functions are named too where the file has a symbol table.
 *
 * Slow (maps a file); called for findings, and without the function for each new stack. Takes the dynamic loader's lock through
 * dl_iterate_phdr(): never call it with a lock of the shim held. No malloc, no stdio; its own
 * file work goes through raw system calls and leaves errno alone.
 */
#ifndef SPY_OBSERVE_SYMBOLS_H
#define SPY_OBSERVE_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPY_FUNCTION_MAX 128
#define SPY_MODULE_MAX	 256
#define SPY_BUILD_ID_MAX 20

/* One frame with its names. Texts are NUL-ended, "" where not known; longer ones are cut. */
struct spy_frame {
	uintptr_t ip; /* as captured: a return address in all frames but signal ones */
	char module[SPY_MODULE_MAX]; /* path of the ELF file */
	uint64_t module_offset; /* ip minus the module's load bias: what addr2line takes */
	uint8_t build_id[SPY_BUILD_ID_MAX];
	size_t build_id_len;
	char function[SPY_FUNCTION_MAX];
	uint64_t function_offset; /* ip minus the function's first address */
};

/* The last component of a path. */
const char *spy_symbols_basename(const char *path);

/* Fills frame from ip. What cannot be found stays empty; never fails. */
void spy_symbols_resolve(uintptr_t ip, struct spy_frame *frame);

/* The same without the function, for which no file is looked into. */
void spy_symbols_locate(uintptr_t ip, struct spy_frame *frame);

/*
 * How many of the frames a person wants to see: leaves out what stands outside main or the
 * thread's start function (libc's and the loader's frames and _start at the end of the stack).
 */
size_t spy_symbols_trim(const struct spy_frame *frames, size_t count);

/* The same for located frames: libc at the end goes, and what stands outside libc behind that (_start). */
size_t spy_symbols_trim_located(const struct spy_frame *frames, size_t count);

#endif
