/*
 * Finds for an address the module that it is in and the function. Called by the sinks when they
 * write a finding.
 *
 * Locks: none of its own. The dynamic loader's is held only while a module is copied from its list,
 * not while files are read: a fork() in another thread would leave it locked in the child.
 */
#define _GNU_SOURCE 1
#include "symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

#include "../sys/sys.h"
#include "elf.h"
#include "loader.h"
#include "maps.h"

#define PAGE ((size_t)4096)

struct lookup {
	uintptr_t address; /* inside the call, where ip is behind it */
	struct spy_frame *frame;
	spy_vaddr bias;
	bool is_program; /* not one of its libraries */
	bool past_program;
	struct spy_elf_identity identity;
};

_Static_assert(SPY_BUILD_ID_MAX == SPY_ELF_BUILD_ID_MAX, "the identity's build id is copied to the frame");

const char *spy_symbols_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static void set_module(struct spy_frame *frame, const char *path)
{
	size_t len = strnlen(path, sizeof(frame->module) - 1);

	memcpy(frame->module, path, len);
	frame->module[len] = '\0';
}

/* The path of the running program, without the mark that the kernel puts behind a deleted one's. */
static void set_program_module(struct spy_frame *frame)
{
	static const char deleted[] = " (deleted)";
	size_t mark = sizeof(deleted) - 1;
	long len = spy_sys4(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", frame->module, sizeof(frame->module) - 1);
	size_t end = len > 0 ? (size_t)len : 0;

	if (end > mark && memcmp(frame->module + end - mark, deleted, mark) == 0)
		end -= mark;
	frame->module[end] = '\0';
}

static void set_program_name(struct spy_frame *frame)
{
	const char *execfn = (const char *)getauxval(AT_EXECFN);

	set_program_module(frame);
	if (frame->module[0] == '\0' && execfn != NULL)
		set_module(frame, execfn);
}

/*
 * The loader knows the program without a name. /proc/self/exe opens its file even where that has
 * been deleted or replaced; it is another one, the loader, where that was started with the program
 * as its argument, and nothing in a chroot without /proc. Then there is the name given to exec().
 */
static bool open_program(struct lookup *lookup, struct spy_elf *elf)
{
	const char *execfn = (const char *)getauxval(AT_EXECFN);
	bool is_open = spy_elf_open(elf, "/proc/self/exe", &lookup->identity);

	if (!is_open && execfn != NULL && spy_elf_open(elf, execfn, &lookup->identity)) {
		set_module(lookup->frame, execfn);
		return true;
	}
	set_program_name(lookup->frame);
	return is_open;
}

static bool open_module(struct lookup *lookup, struct spy_elf *elf)
{
	if (lookup->is_program)
		return open_program(lookup, elf);
	/* The vdso's name is no path, and a file of that name would be somebody else's. */
	return strchr(lookup->frame->module, '/') != NULL &&
	       spy_elf_open(elf, lookup->frame->module, &lookup->identity);
}

static bool holds(const struct dl_phdr_info *info, uintptr_t address)
{
	size_t i;

	for (i = 0; i < info->dlpi_phnum; i++) {
		const spy_phdr *load = &info->dlpi_phdr[i];

		if (load->p_type == PT_LOAD && address - (info->dlpi_addr + load->p_vaddr) < load->p_memsz)
			return true;
	}
	return false;
}

/* Called by dl_iterate_phdr() with the loader's lock held; of the modules, the program comes first. */
static int find_module(struct dl_phdr_info *info, size_t size, void *data)
{
	struct lookup *lookup = data;

	(void)size;
	lookup->is_program = !lookup->past_program;
	lookup->past_program = true;
	if (!holds(info, lookup->address))
		return 0;
	lookup->bias = info->dlpi_addr;
	spy_elf_identify(info->dlpi_phdr, info->dlpi_phnum, info->dlpi_addr, &lookup->identity);
	set_module(lookup->frame, info->dlpi_name);
	return 1;
}

static void name_function(const struct lookup *lookup, const struct spy_elf *elf)
{
	struct spy_frame *frame = lookup->frame;
	spy_vaddr start;

	if (spy_elf_function(elf, lookup->address - lookup->bias, frame->function, sizeof(frame->function), &start))
		frame->function_offset = frame->ip - (lookup->bias + start);
	else
		frame->function[0] = '\0';
}

/* As find_module(), from what the kernel says. */
static bool find_mapped(struct lookup *lookup)
{
	const spy_ehdr *header;
	const spy_phdr *phdrs;
	struct spy_mapped mapped;

	if (!spy_maps_find(lookup->address, &mapped))
		return false;
	header = (const spy_ehdr *)mapped.base;
	/* Linkers put the program headers behind the file's; beyond the first page nothing needs to be mapped. */
	if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_phoff > PAGE / 2 ||
	    header->e_phnum > PAGE / 2 / sizeof(*phdrs))
		return false;
	phdrs = (const spy_phdr *)(mapped.base + header->e_phoff);
	lookup->is_program = (uintptr_t)phdrs == (uintptr_t)getauxval(AT_PHDR);
	lookup->bias = (spy_vaddr)mapped.base;
	for (size_t i = header->e_phnum; i > 0; i--)
		if (phdrs[i - 1].p_type == PT_LOAD && phdrs[i - 1].p_offset == 0)
			lookup->bias = (spy_vaddr)mapped.base - phdrs[i - 1].p_vaddr;
	spy_elf_identify(phdrs, header->e_phnum, lookup->bias, &lookup->identity);
	set_module(lookup->frame, mapped.path);
	return true;
}

/* thorough: also where that takes reading a file. */
static bool is_found(struct lookup *lookup, bool thorough)
{
	bool found;

	if (!spy_loader_enter())
		return thorough && find_mapped(lookup);
	found = dl_iterate_phdr(find_module, lookup) != 0;
	spy_loader_leave();
	return found;
}

/* False where no module has the address; frame->ip is all that is known of it. */
static bool locate(struct lookup *lookup, uintptr_t ip, bool thorough)
{
	struct spy_frame *frame = lookup->frame;

	memset(frame, 0, sizeof(*frame));
	frame->ip = ip;
	if (ip == 0 || !is_found(lookup, thorough))
		return false;
	frame->module_offset = ip - lookup->bias;
	frame->build_id_len = lookup->identity.build_id_len;
	memcpy(frame->build_id, lookup->identity.build_id, lookup->identity.build_id_len);
	return true;
}

void spy_symbols_locate(uintptr_t ip, struct spy_frame *frame)
{
	struct lookup lookup = {.address = ip - 1, .frame = frame};
	int saved_errno = errno;

	if (locate(&lookup, ip, false) && lookup.is_program)
		set_program_name(frame);
	errno = saved_errno;
}

void spy_symbols_resolve(uintptr_t ip, struct spy_frame *frame)
{
	/*
	 * A call may be the last instruction of its function, so that its return address belongs to
	 * the next one: the byte before it is what is looked up.
	 */
	struct lookup lookup = {.address = ip - 1, .frame = frame};
	int saved_errno = errno;
	struct spy_elf elf;

	if (locate(&lookup, ip, true) && open_module(&lookup, &elf)) {
		name_function(&lookup, &elf);
		spy_elf_close(&elf);
	}
	errno = saved_errno;
}

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The C library, its older separate thread library, and the loader; of glibc and of musl. */
static bool is_libc(const struct spy_frame *frame)
{
	const char *name = spy_symbols_basename(frame->module);

	return has_prefix(name, "libc.so") || has_prefix(name, "libc-") || has_prefix(name, "libpthread") ||
	       has_prefix(name, "ld-linux") || has_prefix(name, "ld-musl") || has_prefix(name, "ld-2") ||
	       has_prefix(name, "ld64.so") || has_prefix(name, "ld.so");
}

/* What libc calls main() and the start functions of threads from. Its other functions may be called by them. */
static bool is_start(const struct spy_frame *frame)
{
	static const char *const starts[] = {
		"__libc_start_main",
		"__libc_start_main_impl",
		"__libc_start_call_main",
		"start_thread",
		"clone",
		"__clone",
		"clone3",
		"__clone3",
	};
	size_t i;

	for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (strcmp(frame->function, starts[i]) == 0)
			return is_libc(frame);
	return strcmp(frame->function, "_start") == 0;
}

size_t spy_symbols_trim(const struct spy_frame *frames, size_t count)
{
	size_t kept;

	for (kept = 0; kept < count && !is_start(&frames[kept]); kept++)
		;
	while (kept > 0 && is_libc(&frames[kept - 1]))
		kept--;
	/* A stack that is nothing but libc is still the only one there is. */
	return kept > 0 ? kept : count;
}

size_t spy_symbols_trim_located(const struct spy_frame *frames, size_t count)
{
	size_t kept = count;

	/* _start(), in the program: what it calls is libc's, and so is all that calls main(). */
	if (kept > 1 && !is_libc(&frames[kept - 1]) && is_libc(&frames[kept - 2]))
		kept--;
	while (kept > 0 && is_libc(&frames[kept - 1]))
		kept--;
	return kept > 0 ? kept : count;
}
