/*
 * Reads ELF files and the notes of loaded modules, for symbols.c. What each check is for is said
 * where it is made; the file may be hostile or change while it is read.
 *
 * Locks: none. Signals: safe; about 2 KB of stack.
 */
#define _GNU_SOURCE 1
#include "elf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "../sys/sys.h"

/*
 * Descriptors of the shim live high, where a program that closes a number twice is not likely to
 * hit them (and the shim, closing its own, not a socket that got the number meanwhile).
 */
#define FD_MIN 900

/* How many notes and symbols are looked at: several times what the largest programs have. */
#define NOTES_MAX   64
#define SYMBOLS_MAX (UINT64_C(8) << 20)

#define SYMBOLS_PER_READ 64

#if __SIZEOF_POINTER__ == 8
#define ELFCLASS_NATIVE	    ELFCLASS64
#define SYMBOL_TYPE(symbol) ELF64_ST_TYPE((symbol)->st_info)
#else
#define ELFCLASS_NATIVE	    ELFCLASS32
#define SYMBOL_TYPE(symbol) ELF32_ST_TYPE((symbol)->st_info)
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ELFDATA_NATIVE ELFDATA2LSB
#else
#define ELFDATA_NATIVE ELFDATA2MSB
#endif

static long pread_once(int fd, void *to, size_t len, uint64_t offset)
{
#if __SIZEOF_LONG__ == 8
	return spy_sys4(SYS_pread64, fd, to, len, offset);
#else
	return spy_sys(SYS_pread64, fd, to, len, (uint32_t)offset, (uint32_t)(offset >> 32));
#endif
}

/*
 * All len bytes at offset, or false. The kernel checks the offset: it has nothing to read beyond
 * the end of the file, and refuses what is negative as a loff_t.
 */
static bool read_at(const struct spy_elf *elf, void *to, size_t len, uint64_t offset)
{
	char *next = to;

	while (len > 0) {
		long got = pread_once(elf->fd, next, len, offset);

		if (got == -EINTR)
			continue;
		if (got <= 0)
			return false;
		next += got;
		len -= (size_t)got;
		offset += (uint64_t)got;
	}
	return true;
}

static bool header_is_native(const spy_ehdr *header)
{
	return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 && header->e_ident[EI_CLASS] == ELFCLASS_NATIVE &&
	       header->e_ident[EI_DATA] == ELFDATA_NATIVE && (header->e_type == ET_EXEC || header->e_type == ET_DYN) &&
	       header->e_phentsize == sizeof(spy_phdr);
}

/*
 * Where program headers and notes are read from: the file, or memory where elf is NULL. The same
 * code reads both, so that they differ only where the module and the file do.
 */
struct source {
	const struct spy_elf *elf;
	const spy_phdr *phdrs;
	size_t count;
	spy_vaddr bias;
};

static bool read_phdr(const struct source *source, size_t index, spy_phdr *phdr)
{
	if (source->elf != NULL)
		return read_at(source->elf, phdr, sizeof(*phdr), source->elf->header.e_phoff + index * sizeof(*phdr));
	*phdr = source->phdrs[index];
	return true;
}

static bool read_note(const struct source *source, const spy_phdr *segment, uint64_t at, void *to, size_t len)
{
	if (at > segment->p_filesz || len > segment->p_filesz - at)
		return false;
	if (source->elf != NULL)
		return read_at(source->elf, to, len, segment->p_offset + at);
	memcpy(to, (const char *)(source->bias + segment->p_vaddr) + at, len);
	return true;
}

static void find_build_id(const struct source *source, const spy_phdr *segment, struct spy_elf_identity *identity)
{
	/* Name and description are padded to 4 bytes, in a segment aligned to 8 (as x86's properties are) to 8. */
	uint64_t pad = segment->p_align == 8 ? 7 : 3;
	uint64_t at = 0;
	unsigned int i;

	for (i = 0; i < NOTES_MAX; i++) {
		spy_nhdr note;
		uint64_t desc;
		char name[4];

		if (!read_note(source, segment, at, &note, sizeof(note)))
			return;
		desc = at + ((sizeof(note) + (uint64_t)note.n_namesz + pad) & ~pad);
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(name) &&
		    read_note(source, segment, at + sizeof(note), name, sizeof(name)) &&
		    memcmp(name, ELF_NOTE_GNU, sizeof(name)) == 0) {
			size_t len = note.n_descsz < SPY_ELF_BUILD_ID_MAX ? note.n_descsz : SPY_ELF_BUILD_ID_MAX;

			if (read_note(source, segment, desc, identity->build_id, len))
				identity->build_id_len = len;
			return;
		}
		at = desc + (((uint64_t)note.n_descsz + pad) & ~pad);
	}
}

/* A note segment outside of what the loader has mapped from the file must not be touched. */
static bool is_mapped(const struct source *source, const spy_phdr *note)
{
	size_t i;

	for (i = 0; i < source->count; i++) {
		const spy_phdr *load = &source->phdrs[i];

		if (load->p_type == PT_LOAD && (load->p_flags & PF_R) && note->p_vaddr >= load->p_vaddr &&
		    note->p_vaddr - load->p_vaddr <= load->p_filesz &&
		    note->p_filesz <= load->p_filesz - (note->p_vaddr - load->p_vaddr))
			return true;
	}
	return false;
}

/* FNV-1a. It need not resist anybody: who forges a file gets wrong names in a log. */
static uint64_t hash(uint64_t seed, const void *data, size_t len)
{
	const unsigned char *byte = data;

	for (; len > 0; len--, byte++)
		seed = (seed ^ *byte) * UINT64_C(0x100000001b3);
	return seed;
}

static bool identify(const struct source *source, struct spy_elf_identity *identity)
{
	size_t i;

	*identity = (struct spy_elf_identity){
		.header_count = source->count,
		.header_hash = UINT64_C(0xcbf29ce484222325),
	};
	for (i = 0; i < source->count; i++) {
		spy_phdr phdr;

		if (!read_phdr(source, i, &phdr))
			return false;
		identity->header_hash = hash(identity->header_hash, &phdr, sizeof(phdr));
		if (phdr.p_type == PT_NOTE && identity->build_id_len == 0 &&
		    (source->elf != NULL || is_mapped(source, &phdr)))
			find_build_id(source, &phdr, identity);
	}
	return true;
}

void spy_elf_identify(const spy_phdr *phdrs, size_t count, spy_vaddr bias, struct spy_elf_identity *identity)
{
	struct source source = {.phdrs = phdrs, .count = count, .bias = bias};

	identify(&source, identity);
}

static bool is_module(const struct spy_elf *elf, const struct spy_elf_identity *module)
{
	struct source source = {.elf = elf, .count = elf->header.e_phnum};
	struct spy_elf_identity file;

	return source.count == module->header_count && identify(&source, &file) &&
	       file.header_hash == module->header_hash && file.build_id_len == module->build_id_len &&
	       memcmp(file.build_id, module->build_id, module->build_id_len) == 0;
}

bool spy_elf_open(struct spy_elf *elf, const char *path, const struct spy_elf_identity *identity)
{
	/* O_NONBLOCK, because a FIFO may have taken the file's name; reading it at an offset fails then. */
	long fd = spy_sys4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_LARGEFILE, 0);
	long high;

	elf->fd = -1;
	if (fd < 0)
		return false;
	elf->fd = (int)fd;
	high = spy_sys3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, FD_MIN);
	if (high >= 0) {
		spy_elf_close(elf);
		elf->fd = (int)high;
	}
	if (read_at(elf, &elf->header, sizeof(elf->header), 0) && header_is_native(&elf->header) &&
	    is_module(elf, identity))
		return true;
	spy_elf_close(elf);
	return false;
}

void spy_elf_close(struct spy_elf *elf)
{
	if (elf->fd >= 0)
		spy_sys1(SYS_close, elf->fd);
	elf->fd = -1;
}

static bool read_section(const struct spy_elf *elf, size_t index, spy_shdr *section)
{
	if (index >= elf->header.e_shnum || elf->header.e_shentsize != sizeof(*section))
		return false;
	return read_at(elf, section, sizeof(*section), elf->header.e_shoff + index * sizeof(*section));
}

/* A search in one symbol table, and what it has found so far. */
struct search {
	const struct spy_elf *elf;
	spy_shdr strings;
	spy_vaddr address;
	spy_sym holder; /* the function that holds address; st_name 0: none yet */
	unsigned int underscores; /* in front of its name */
	spy_sym nearest; /* the last function that starts at or before address */
};

/* Copies a symbol's name from the string table, cut at size - 1. False where it has none. */
static bool read_name(const struct search *search, const spy_sym *symbol, char *name, size_t size)
{
	uint64_t room;
	size_t len = size - 1;

	if (symbol->st_name == 0 || symbol->st_name >= search->strings.sh_size)
		return false;
	room = search->strings.sh_size - symbol->st_name;
	if (room < len)
		len = (size_t)room;
	if (!read_at(search->elf, name, len, (uint64_t)search->strings.sh_offset + symbol->st_name))
		return false;
	name[len] = '\0';
	if (name[0] != '\0')
		name[1 + strcspn(name + 1, "@")] = '\0';
	return name[0] != '\0';
}

/*
 * Takes symbol as the holder of the address where it is the better one: of nested functions the
 * inner, of the names of one function that with fewer underscores ("close", not "__close").
 */
static void consider(struct search *search, const spy_sym *symbol)
{
	bool none = search->holder.st_name == 0;
	unsigned int underscores;
	char name[8];

	if (SYMBOL_TYPE(symbol) != STT_FUNC || symbol->st_shndx == SHN_UNDEF || symbol->st_shndx == SHN_ABS ||
	    symbol->st_value > search->address)
		return;
	if (symbol->st_value > search->nearest.st_value ||
	    (symbol->st_value == search->nearest.st_value && symbol->st_size >= search->nearest.st_size))
		search->nearest = *symbol;
	if (symbol->st_size <= search->address - symbol->st_value)
		return;
	if ((!none && symbol->st_value < search->holder.st_value) || !read_name(search, symbol, name, sizeof(name)))
		return;
	underscores = (unsigned int)strspn(name, "_");
	if (none || symbol->st_value > search->holder.st_value || underscores < search->underscores) {
		search->holder = *symbol;
		search->underscores = underscores;
	}
}

/*
 * Functions written in assembly often have no size: such a one goes as far as the next function,
 * but not out of its section, behind which may come the PLT.
 */
static void settle_for_nearest(struct search *search)
{
	spy_shdr section;

	if (search->holder.st_name == 0 && search->nearest.st_size == 0 &&
	    read_section(search->elf, search->nearest.st_shndx, &section) &&
	    search->address - section.sh_addr < section.sh_size)
		search->holder = search->nearest;
}

static bool search_table(struct search *search, const spy_shdr *table)
{
	spy_sym symbols[SYMBOLS_PER_READ] = {{0}};
	uint64_t count = table->sh_size / sizeof(symbols[0]);
	uint64_t offset = table->sh_offset;

	if (table->sh_entsize != sizeof(symbols[0]) || count > SYMBOLS_MAX ||
	    !read_section(search->elf, table->sh_link, &search->strings) || search->strings.sh_type != SHT_STRTAB)
		return false;
	while (count > 0) {
		size_t some = count < SYMBOLS_PER_READ ? (size_t)count : SYMBOLS_PER_READ;
		size_t i;

		if (!read_at(search->elf, symbols, some * sizeof(symbols[0]), offset))
			return false;
		for (i = 0; i < some; i++)
			consider(search, &symbols[i]);
		count -= some;
		offset += some * sizeof(symbols[0]);
	}
	settle_for_nearest(search);
	return search->holder.st_name != 0;
}

static bool find_table(const struct spy_elf *elf, unsigned int type, spy_shdr *table)
{
	size_t i;

	for (i = 0; read_section(elf, i, table); i++)
		if (table->sh_type == type)
			return true;
	return false;
}

bool spy_elf_function(const struct spy_elf *elf, spy_vaddr address, char *name, size_t size, spy_vaddr *start)
{
	static const unsigned int types[] = {SHT_SYMTAB, SHT_DYNSYM};
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct search search = {.elf = elf, .address = address};
		spy_shdr table = {0};

		if (!find_table(elf, types[i], &table) || !search_table(&search, &table))
			continue;
		*start = search.holder.st_value;
		return read_name(&search, &search.holder, name, size);
	}
	return false;
}
