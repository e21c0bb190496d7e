/*
 * The symbols of a file that is no ELF file, or a damaged one: a name is ended, and begins before
 * the address that was asked for.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>

#include "../../shim/observe/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const spy_vaddr addresses[] = {0, 0x40, 0x1010, 0x1055, 0x401000, (spy_vaddr)-1};
	struct spy_elf elf = {.fd = -1};
	spy_vaddr start;
	char path[64], name[64];

	if (size < sizeof(elf.header))
		return 0;
	/* As spy_elf_open() leaves it, past the question whether it is the module that is meant. */
	memcpy(&elf.header, data, sizeof(elf.header));
	elf.fd = fuzz_file(data, size, path, sizeof(path));
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		if (!spy_elf_function(&elf, addresses[i], name, sizeof(name), &start))
			continue;
		FUZZ_PROMISE(memchr(name, '\0', sizeof(name)));
		FUZZ_PROMISE(start <= addresses[i]);
	}
	return 0;
}
