/*
 * Tests of shim/observe/elf.h: which symbol is chosen for an address, and how builds are told apart.
 */
#define _GNU_SOURCE 1
#include "elf_image.h"

#include <stdlib.h>
#include <sys/stat.h>

static char found[32];
static spy_vaddr found_start;

/* The name of the function that holds address, "" for none; its start is in found_start. */
static const char *function_at(spy_vaddr address)
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
	add("lost", 0x1500, 0x10)->st_name = sizeof(image.strings) + 1;
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
	spy_sym *symbol = add("f", 0x1000, 0x10);

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

static void notes_in_a_segment_aligned_to_8_are_padded_to_8(void **state)
{
	(void)state;
	image.phdrs[1].p_align = 8;
	image.notes.other = (spy_nhdr){.n_namesz = 4, .n_descsz = 3, .n_type = NT_GNU_PROPERTY_TYPE_0};
	memcpy(image.notes.other_name, "GNU", 4);
	assert_int_equal(identity_in_memory().build_id_len, 8);
}

static void notes_outside_of_what_is_mapped_are_not_touched(void **state)
{
	(void)state;
	image.phdrs[1].p_vaddr = 16 * sizeof(image);
	assert_int_equal(identity_in_memory().build_id_len, 0);
	image.phdrs[1].p_vaddr = sizeof(image) - 4;
	assert_int_equal(identity_in_memory().build_id_len, 0);
	image.phdrs[1].p_vaddr = 0;
	image.phdrs[1].p_filesz = (uint32_t)-1;
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
		cmocka_unit_test_setup(notes_in_a_segment_aligned_to_8_are_padded_to_8, make_image),
		cmocka_unit_test_setup(notes_outside_of_what_is_mapped_are_not_touched, make_image),
		cmocka_unit_test_setup(another_build_is_not_opened, make_image),
		cmocka_unit_test_setup(other_kinds_of_files_are_not_opened, make_image),
	};

	return cmocka_run_group_tests_name("elf", tests, NULL, NULL);
}
