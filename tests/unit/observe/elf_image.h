/*
 * A small ELF file made up by the tests of shim/observe/elf.h: some symbols, a build id, and
 * nothing to run. A test changes it as it likes and opens it through a file in memory.
 */
#ifndef TESTS_UNIT_ELF_IMAGE_H
#define TESTS_UNIT_ELF_IMAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../../shim/observe/elf.h"

#define TEXT_START 0x1000
#define TEXT_SIZE  0x1000

#define SYMBOLS_MAX 16

enum { SECTION_NONE, SECTION_TEXT, SECTION_SYMBOLS, SECTION_STRINGS, SECTION_COUNT };

/* A whole file, and at the same time what a loader would have mapped of it. */
struct image {
	spy_ehdr header;
	spy_phdr phdrs[2];
	struct {
		spy_nhdr other;
		char other_name[8];
		char other_desc[4];
		spy_nhdr id;
		char id_name[4];
		uint8_t id_desc[24];
	} notes;
	spy_shdr sections[SECTION_COUNT];
	spy_sym symbols[SYMBOLS_MAX];
	char strings[256];
	char behind[32];
};

static struct image image;
static size_t symbol_count;
static size_t strings_len;

/* Where a member of the image is, in the file and in memory, and its size. */
#define AT(member, offset_field, size_field)                                                                           \
	.offset_field = offsetof(struct image, member), .size_field = sizeof(image.member)

static const struct image empty = {
	.header =
		{
			.e_ident = {0x7f, 'E', 'L', 'F', sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32,
				    __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB},
			.e_type = ET_DYN,
			.e_phoff = offsetof(struct image, phdrs),
			.e_phentsize = sizeof(spy_phdr),
			.e_phnum = 2,
			.e_shoff = offsetof(struct image, sections),
			.e_shentsize = sizeof(spy_shdr),
			.e_shnum = SECTION_COUNT,
		},
	.phdrs =
		{
			{.p_type = PT_LOAD, .p_flags = PF_R, .p_filesz = sizeof(image)},
			{.p_type = PT_NOTE,
			 .p_align = 4,
			 .p_vaddr = offsetof(struct image, notes),
			 AT(notes, p_offset, p_filesz)},
		},
	.notes =
		{
			.other = {.n_namesz = 6, .n_descsz = 3, .n_type = NT_GNU_BUILD_ID},
			.other_name = "OTHER",
			.id = {.n_namesz = 4, .n_descsz = 8, .n_type = NT_GNU_BUILD_ID},
			.id_name = "GNU",
			.id_desc = "build-id and no more",
		},
	.sections =
		{
			[SECTION_TEXT] = {.sh_type = SHT_PROGBITS, .sh_addr = TEXT_START, .sh_size = TEXT_SIZE},
			[SECTION_SYMBOLS] = {.sh_type = SHT_SYMTAB,
					     .sh_link = SECTION_STRINGS,
					     .sh_entsize = sizeof(spy_sym),
					     AT(symbols, sh_offset, sh_size)},
			[SECTION_STRINGS] = {.sh_type = SHT_STRTAB, AT(strings, sh_offset, sh_size)},
		},
	.behind = "what stands behind the strings",
};

/* Each test starts with a file that has a build id and no functions. */
static int make_image(void **state)
{
	(void)state;
	image = empty;
	symbol_count = 1;
	strings_len = 1;
	return 0;
}

static spy_sym *add(const char *name, spy_vaddr start, spy_vaddr size)
{
	spy_sym *symbol = &image.symbols[symbol_count++];

	assert_true(symbol_count <= SYMBOLS_MAX && strings_len + strlen(name) < sizeof(image.strings));
	*symbol = (spy_sym){.st_name = (unsigned int)strings_len,
			    .st_info = STT_FUNC,
			    .st_shndx = SECTION_TEXT,
			    .st_value = start,
			    .st_size = size};
	strcpy(image.strings + strings_len, name);
	strings_len += strlen(name) + 1;
	return symbol;
}

/* Writes the image to a file in memory and opens that as the module of identity. */
static bool open_file(struct spy_elf *elf, const struct spy_elf_identity *identity, size_t len)
{
	static int file = -1;
	char path[64];

	if (file < 0)
		file = memfd_create("elf_test", 0);
	assert_int_equal(ftruncate(file, 0), 0);
	assert_int_equal(pwrite(file, &image, len, 0), (ssize_t)len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	return spy_elf_open(elf, path, identity);
}

static struct spy_elf_identity identity_in_memory(void)
{
	struct spy_elf_identity identity;

	spy_elf_identify(image.phdrs, image.header.e_phnum, (spy_vaddr)&image, &identity);
	return identity;
}

#endif
