/*
 * Tests of shim/observe/elf.h on files that are damaged or made to do harm: they may take names
 * away and no more. Worth running under the sanitizers.
 */
#define _GNU_SOURCE 1
#include "elf_image.h"

/* Asks about addresses all over the file; any answer will do that is one. */
static void assert_survives(const struct spy_elf_identity *identity, size_t len)
{
	static const spy_vaddr addresses[] = {0, 0x1004, 0x1055, TEXT_START + TEXT_SIZE, (spy_vaddr)-1};
	struct spy_elf elf;
	spy_vaddr start;
	char name[32];
	size_t i;

	if (!open_file(&elf, identity, len))
		return;
	for (i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		if (!spy_elf_function(&elf, addresses[i], name, sizeof(name), &start))
			continue;
		assert_in_range(strnlen(name, sizeof(name)), 1, sizeof(name) - 1);
		assert_true(start <= addresses[i]);
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
		cmocka_unit_test_setup(a_file_cut_anywhere_does_no_harm, make_image),
		cmocka_unit_test_setup(a_wrong_byte_anywhere_does_no_harm, make_image),
		cmocka_unit_test_setup(random_tables_do_no_harm, make_image),
	};

	return cmocka_run_group_tests_name("elf_damage", tests, NULL, NULL);
}
