/*
 * Tests of shim/observe/elf.h on a small ELF file made up here: which symbol is chosen, how builds
 * are told apart, and that no damage to the file does more than take names away.
 */
#define _GNU_SOURCE 1
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../shim/observe/elf.h"

#define TEXT_START 0x1000
#define TEXT_SIZE  0x1000

#define SYMBOLS_MAX 16

enum { SECTION_NONE, SECTION_TEXT, SECTION_SYMBOLS, SECTION_STRINGS, SECTION_COUNT };

/* A whole file, and at the same time what a loader would have mapped of it. */
struct image {
	ElfW(Ehdr) header;
	ElfW(Phdr) phdrs[2];
	struct {
		ElfW(Nhdr) other;
		char other_name[8];
		char other_desc[4];
		ElfW(Nhdr) id;
		char id_name[4];
		uint8_t id_desc[24];
	} notes;
	ElfW(Shdr) sections[SECTION_COUNT];
	ElfW(Sym) symbols[SYMBOLS_MAX];
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
			.e_phentsize = sizeof(ElfW(Phdr)),
			.e_phnum = 2,
			.e_shoff = offsetof(struct image, sections),
			.e_shentsize = sizeof(ElfW(Shdr)),
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
					     .sh_entsize = sizeof(ElfW(Sym)),
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

static ElfW(Sym) * add(const char *name, ElfW(Addr) start, ElfW(Addr) size)
{
	ElfW(Sym) *symbol = &image.symbols[symbol_count++];

	assert_true(symbol_count <= SYMBOLS_MAX && strings_len + strlen(name) < sizeof(image.strings));
	*symbol = (ElfW(Sym)){.st_name = (unsigned int)strings_len,
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

	spy_elf_identify(image.phdrs, image.header.e_phnum, (ElfW(Addr)) & image, &identity);
	return identity;
}

static char found[32];
static ElfW(Addr) found_start;

/* The name of the function that holds address, "" for none; its start is in found_start. */
static const char *function_at(ElfW(Addr) address)
{
	struct spy_elf_identity identity = identity_in_memory();
	struct spy_elf elf;

	assert_true(open_file(&elf, &identity, sizeof(image)));
	if (!spy_elf_function(&elf, address, found, sizeof(found), &found_start))
		found[0] = '\0';
	spy_elf_close(&elf);
	return found;
}

static void an_address_belongs_to_the_function_around_it(void **state)
{
	(void)state;
	add("second", 0x1100, 0x10);
	add("first", 0x1000, 0x10);
	assert_string_equal(function_at(0x1000), "first");
	assert_int_equal(found_start, 0x1000);
	assert_string_equal(function_at(0x100f), "first");
	assert_string_equal(function_at(0x1010), "");
	assert_string_equal(function_at(0x110f), "second");
	assert_int_equal(found_start, 0x1100);
	assert_string_equal(function_at(0xfff), "");
}

static void the_inner_of_two_nested_functions_is_named(void **state)
{
	(void)state;
	add("__inner", 0x1020, 0x10);
	add("outer", 0x1000, 0x100);
	assert_string_equal(function_at(0x1025), "__inner");
	assert_string_equal(function_at(0x1030), "outer");
}

static void of_several_names_the_one_with_fewest_underscores_is_taken(void **state)
{
	(void)state;
	add("__close", 0x1000, 0x10);
	add("close", 0x1000, 0x10);
	add("_close", 0x1000, 0x10);
	assert_string_equal(function_at(0x1004), "close");
}

static void a_symbol_s_version_is_no_part_of_its_name(void **state)
{
	(void)state;
	add("recv@@GLIBC_2.2.5", 0x1000, 0x10);
	add("@odd", 0x1100, 0x10);
	assert_string_equal(function_at(0x1004), "recv");
	assert_string_equal(function_at(0x1104), "@odd");
}

static void a_function_without_a_size_reaches_to_the_next_one_in_its_section(void **state)
{
	(void)state;
	add("assembly", 0x1000, 0);
	add("next", 0x1100, 0x10);
	add("last", 0x1200, 0);
	assert_string_equal(function_at(0x1000), "assembly");
	assert_string_equal(function_at(0x10ff), "assembly");
	assert_string_equal(function_at(0x1105), "next");
	assert_string_equal(function_at(0x1110), "");
	assert_string_equal(function_at(TEXT_START + TEXT_SIZE - 1), "last");
	assert_string_equal(function_at(TEXT_START + TEXT_SIZE), "");
}

static void what_is_no_defined_function_names_nothing(void **state)
{
	(void)state;
	add("data", 0x1000, 0x10)->st_info = STT_OBJECT;
	add("import", 0x1100, 0x10)->st_shndx = SHN_UNDEF;
	add("absolute", 0x1200, 0x10)->st_shndx = SHN_ABS;
	add("nameless", 0x1300, 0x10)->st_name = 0;
	add("", 0x1400, 0x10);
	add("lost", 0x1500, 0x10)->st_name = sizeof(image.strings);
	assert_string_equal(function_at(0x1004), "");
	assert_string_equal(function_at(0x1104), "");
	assert_string_equal(function_at(0x1204), "");
	assert_string_equal(function_at(0x1304), "");
	assert_string_equal(function_at(0x1404), "");
	assert_string_equal(function_at(0x1504), "");
}

static void a_long_name_is_cut(void **state)
{
	(void)state;
	add("a_name_of_more_than_thirty_one_characters", 0x1000, 0x10);
	assert_string_equal(function_at(0x1004), "a_name_of_more_than_thirty_one_");
}

static void an_unterminated_name_ends_with_the_string_table(void **state)
{
	ElfW(Sym) *symbol = add("f", 0x1000, 0x10);

	(void)state;
	memcpy(image.strings + sizeof(image.strings) - 4, "tail", 4);
	symbol->st_name = sizeof(image.strings) - 4;
	assert_string_equal(function_at(0x1004), "tail");
}

static void the_dynamic_symbols_serve_where_there_are_no_others(void **state)
{
	(void)state;
	add("exported", 0x1000, 0x10);
	image.sections[SECTION_SYMBOLS].sh_type = SHT_DYNSYM;
	assert_string_equal(function_at(0x1004), "exported");
	image.sections[SECTION_SYMBOLS].sh_entsize++;
	assert_string_equal(function_at(0x1004), "");
	image.sections[SECTION_SYMBOLS].sh_entsize--;
	image.header.e_shnum = 0;
	assert_string_equal(function_at(0x1004), "");
}

static void the_build_id_is_found_behind_other_notes_and_cut(void **state)
{
	struct spy_elf_identity identity = identity_in_memory();

	(void)state;
	assert_int_equal(identity.build_id_len, 8);
	assert_memory_equal(identity.build_id, "build-id", 8);
	image.notes.id.n_descsz = 24;
	identity = identity_in_memory();
	assert_int_equal(identity.build_id_len, SPY_ELF_BUILD_ID_MAX);
	image.notes.id.n_descsz = 25;
	identity = identity_in_memory();
	assert_int_equal(identity.build_id_len, SPY_ELF_BUILD_ID_MAX);
	image.notes.id_name[0] = 'g';
	identity = identity_in_memory();
	assert_int_equal(identity.build_id_len, 0);
}

static void notes_outside_of_what_is_mapped_are_not_touched(void **state)
{
	(void)state;
	image.phdrs[1].p_vaddr = 16 * sizeof(image);
	assert_int_equal(identity_in_memory().build_id_len, 0);
	image.phdrs[1].p_vaddr = sizeof(image) - 4;
	assert_int_equal(identity_in_memory().build_id_len, 0);
	image.phdrs[1].p_vaddr = 0;
	image.phdrs[1].p_filesz = (ElfW(Word)) - 1;
	assert_int_equal(identity_in_memory().build_id_len, 0);
}

static void another_build_is_not_opened(void **state)
{
	struct spy_elf_identity identity = identity_in_memory();
	struct spy_elf elf;

	(void)state;
	image.notes.id_desc[7] ^= 1;
	assert_false(open_file(&elf, &identity, sizeof(image)));
	image.notes.id_desc[7] ^= 1;
	image.phdrs[0].p_memsz++;
	assert_false(open_file(&elf, &identity, sizeof(image)));
	image.phdrs[0].p_memsz--;
	image.header.e_phnum--;
	assert_false(open_file(&elf, &identity, sizeof(image)));
	image.header.e_phnum++;
	assert_true(open_file(&elf, &identity, sizeof(image)));
	spy_elf_close(&elf);
}

static void other_kinds_of_files_are_not_opened(void **state)
{
	struct spy_elf_identity identity = identity_in_memory();
	char fifo[] = "/tmp/elf_test.XXXXXX";
	struct spy_elf elf;

	(void)state;
	image.header.e_ident[EI_CLASS] ^= 3;
	assert_false(open_file(&elf, &identity, sizeof(image)));
	image.header.e_ident[EI_CLASS] ^= 3;
	image.header.e_ident[EI_DATA] ^= 3;
	assert_false(open_file(&elf, &identity, sizeof(image)));
	image.header.e_ident[EI_DATA] ^= 3;
	image.header.e_type = ET_REL;
	assert_false(open_file(&elf, &identity, sizeof(image)));
	assert_false(spy_elf_open(&elf, "/nonexistent", &identity));
	assert_false(spy_elf_open(&elf, "/", &identity));
	assert_false(spy_elf_open(&elf, "/dev/null", &identity));
	assert_int_equal(elf.fd, -1);

	close(mkstemp(fifo));
	unlink(fifo);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_false(spy_elf_open(&elf, fifo, &identity));
	unlink(fifo);
}

/* Asks about addresses all over the file; any answer will do that is one. */
static void assert_survives(const struct spy_elf_identity *identity, size_t len)
{
	static const ElfW(Addr) addresses[] = {0, 0x1004, 0x1055, TEXT_START + TEXT_SIZE, (ElfW(Addr)) - 1};
	struct spy_elf elf;
	size_t i;

	if (!open_file(&elf, identity, len))
		return;
	for (i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		if (!spy_elf_function(&elf, addresses[i], found, sizeof(found), &found_start))
			continue;
		assert_in_range(strnlen(found, sizeof(found)), 1, sizeof(found) - 1);
		assert_true(found_start <= addresses[i]);
	}
	spy_elf_close(&elf);
}

static void fill(void)
{
	add("first", 0x1000, 0x10);
	add("second", 0x1010, 0x10);
	add("assembly", 0x1050, 0);
}

static void a_file_cut_anywhere_does_no_harm(void **state)
{
	struct spy_elf_identity identity = identity_in_memory();
	size_t len;

	(void)state;
	fill();
	for (len = 0; len < sizeof(image); len++)
		assert_survives(&identity, len);
}

static void a_wrong_byte_anywhere_does_no_harm(void **state)
{
	static const uint8_t wrong[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	struct spy_elf_identity identity = identity_in_memory();
	uint8_t *bytes = (uint8_t *)&image;
	size_t at;
	size_t i;

	(void)state;
	fill();
	for (at = 0; at < sizeof(image); at++) {
		uint8_t right = bytes[at];

		for (i = 0; i < sizeof(wrong); i++) {
			bytes[at] = wrong[i];
			assert_survives(&identity, sizeof(image));
		}
		bytes[at] = right;
	}
}

static void random_tables_do_no_harm(void **state)
{
	struct spy_elf_identity identity = identity_in_memory();
	struct image good;
	uint32_t seed = 1;
	int round;
	int i;

	(void)state;
	fill();
	good = image;
	for (round = 0; round < 5000; round++) {
		uint8_t *tables = (uint8_t *)image.sections;

		for (i = 0; i < 8; i++) {
			seed = seed * 1664525 + 1013904223;
			tables[(seed >> 8) % (sizeof(image) - offsetof(struct image, sections))] = (uint8_t)seed;
		}
		assert_survives(&identity, sizeof(image));
		image = good;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_address_belongs_to_the_function_around_it, make_image),
		cmocka_unit_test_setup(the_inner_of_two_nested_functions_is_named, make_image),
		cmocka_unit_test_setup(of_several_names_the_one_with_fewest_underscores_is_taken, make_image),
		cmocka_unit_test_setup(a_symbol_s_version_is_no_part_of_its_name, make_image),
		cmocka_unit_test_setup(a_function_without_a_size_reaches_to_the_next_one_in_its_section, make_image),
		cmocka_unit_test_setup(what_is_no_defined_function_names_nothing, make_image),
		cmocka_unit_test_setup(a_long_name_is_cut, make_image),
		cmocka_unit_test_setup(an_unterminated_name_ends_with_the_string_table, make_image),
		cmocka_unit_test_setup(the_dynamic_symbols_serve_where_there_are_no_others, make_image),
		cmocka_unit_test_setup(the_build_id_is_found_behind_other_notes_and_cut, make_image),
		cmocka_unit_test_setup(notes_outside_of_what_is_mapped_are_not_touched, make_image),
		cmocka_unit_test_setup(another_build_is_not_opened, make_image),
		cmocka_unit_test_setup(other_kinds_of_files_are_not_opened, make_image),
		cmocka_unit_test_setup(a_file_cut_anywhere_does_no_harm, make_image),
		cmocka_unit_test_setup(a_wrong_byte_anywhere_does_no_harm, make_image),
		cmocka_unit_test_setup(random_tables_do_no_harm, make_image),
	};

	return cmocka_run_group_tests_name("elf", tests, NULL, NULL);
}
