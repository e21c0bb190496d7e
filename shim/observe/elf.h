/*
 * Reads what an ELF file says about itself: which build it is and which function is where.
 *
 * The file is read with pread() into buffers on the stack and not mapped: a file that is cut short
 * while it is mapped (an update in place) would end the program with SIGBUS. Nothing in it is
 * believed: offsets, sizes and indices are checked, so that a damaged file yields no names.
 *
 * Raw system calls only; errno stays. No malloc, no locks. Signals: safe.
 * Source: elf(5); "System V Application Binary Interface", chapters 4 and 5.
 */
#ifndef SPY_OBSERVE_ELF_H
#define SPY_OBSERVE_ELF_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The structures of elf(5) in this process's own class; spy_vaddr is an address in a file or in memory. */
#if __SIZEOF_POINTER__ == 8
typedef Elf64_Ehdr spy_ehdr;
typedef Elf64_Phdr spy_phdr;
typedef Elf64_Shdr spy_shdr;
typedef Elf64_Sym spy_sym;
typedef Elf64_Nhdr spy_nhdr;
typedef Elf64_Addr spy_vaddr;
#else
typedef Elf32_Ehdr spy_ehdr;
typedef Elf32_Phdr spy_phdr;
typedef Elf32_Shdr spy_shdr;
typedef Elf32_Sym spy_sym;
typedef Elf32_Nhdr spy_nhdr;
typedef Elf32_Addr spy_vaddr;
#endif

#define SPY_ELF_BUILD_ID_MAX 20

/* What tells two builds apart: the build id, and the program headers for files that have none. */
struct spy_elf_identity {
	size_t header_count;
	uint64_t header_hash;
	uint8_t build_id[SPY_ELF_BUILD_ID_MAX]; /* a longer one is cut */
	size_t build_id_len; /* 0: none */
};

struct spy_elf {
	int fd; /* -1: not open */
	spy_ehdr header;
};

/*
 * The identity of a module in memory, with these program headers and this load bias. It must not be
 * unloaded meanwhile. Short, and without system calls: good for a callback of dl_iterate_phdr().
 */
void spy_elf_identify(const spy_phdr *phdrs, size_t count, spy_vaddr bias, struct spy_elf_identity *identity);

/*
 * Opens the file at path where it is the module of that identity. False, and nothing is open, where
 * it is another one by now, cannot be read or is no ELF file of this process's own kind.
 */
bool spy_elf_open(struct spy_elf *elf, const char *path, const struct spy_elf_identity *identity);

void spy_elf_close(struct spy_elf *elf);

/*
 * Finds the function that holds address (as in the file: without the load bias) in .symtab or, if
 * that does not know, in .dynsym. Copies its name, NUL-ended and cut at size, and its first address.
 * Of a symbol with a version ("recv@@GLIBC_2.2.5") the name alone.
 */
bool spy_elf_function(const struct spy_elf *elf, spy_vaddr address, char *name, size_t size, spy_vaddr *start);

#endif
