/*
 * Looks into the program's ELF headers with libelf, and at what the file may do; see elf_kind.h.
 */
#include "elf_kind.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../cli/command.h"

struct kind {
	bool readable; /* libelf understood it */
	int class; /* ELFCLASS64 */
	int machine; /* EM_X86_64 */
	bool has_loader;
	bool wants_glibc; /* by its list of libraries */
	char loader[256];
};

static const struct {
	int machine;
	const char *name;
} machines[] = {
	{EM_386, "i386"},    {EM_X86_64, "x86-64"}, {EM_ARM, "ARM"},   {EM_AARCH64, "AArch64"},
	{EM_PPC, "PowerPC"}, {EM_PPC64, "PPC64"},   {EM_S390, "s390"}, {EM_RISCV, "RISC-V"},
	{EM_MIPS, "MIPS"},   {EM_SPARCV9, "SPARC"},
};

static const char *machine_name(int machine)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (machines[i].machine == machine)
			return machines[i].name;
	return "another machine";
}

static void read_loader(int fd, const GElf_Phdr *header, struct kind *kind)
{
	size_t size = header->p_filesz < sizeof(kind->loader) ? header->p_filesz : sizeof(kind->loader) - 1;
	ssize_t got = pread(fd, kind->loader, size, (off_t)header->p_offset);

	kind->loader[got > 0 ? got : 0] = '\0';
	kind->has_loader = true;
}

/* glibc's libc is libc.so.6 on every machine; musl's has other names. */
static bool needs_glibc(Elf *elf)
{
	for (Elf_Scn *section = elf_nextscn(elf, NULL); section; section = elf_nextscn(elf, section)) {
		GElf_Shdr header;
		Elf_Data *data;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_DYNAMIC || !header.sh_entsize)
			continue;
		data = elf_getdata(section, NULL);
		for (size_t i = 0; data && i < header.sh_size / header.sh_entsize; i++) {
			GElf_Dyn entry;
			const char *name;

			if (!gelf_getdyn(data, (int)i, &entry) || entry.d_tag != DT_NEEDED)
				continue;
			name = elf_strptr(elf, header.sh_link, entry.d_un.d_val);
			if (name && strcmp(name, "libc.so.6") == 0)
				return true;
		}
	}
	return false;
}

static struct kind read_kind(const char *path)
{
	struct kind kind = {.readable = false};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	GElf_Ehdr header;
	size_t count = 0;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = fd >= 0 ? elf_begin(fd, ELF_C_READ, NULL) : NULL;
	if (elf && gelf_getehdr(elf, &header) && elf_getphdrnum(elf, &count) == 0) {
		kind.readable = true;
		kind.class = header.e_ident[EI_CLASS];
		kind.machine = header.e_machine;
		kind.wants_glibc = needs_glibc(elf);
		for (size_t i = 0; i < count; i++) {
			GElf_Phdr part;

			if (gelf_getphdr(elf, (int)i, &part) && part.p_type == PT_INTERP)
				read_loader(fd, &part, &kind);
		}
	}
	elf_end(elf);
	if (fd >= 0)
		close(fd);
	return kind;
}

static int refuse(const char *path, const char *script, const char *reason, const char *instead)
{
	fprintf(stderr, "tcpwaitspy: %s: %s\n", path, reason);
	if (script)
		fprintf(stderr, "tcpwaitspy: it interprets %s\n", script);
	fprintf(stderr, "tcpwaitspy: instead: %s\n", instead);
	return STATUS_CANNOT;
}

static int check_privilege(const char *path, const char *script)
{
	struct stat status;

	if (stat(path, &status) == -1)
		return STATUS_GOOD;
	if (status.st_mode & S_ISUID)
		return refuse(
			path, script, "is set-uid: the loader ignores LD_PRELOAD in it",
			"run a copy without the bit as the user that it becomes, or `tcpwaitspy ps PID` while it runs");
	/* Without the group's x the bit means mandatory locking and no change of group. */
	if ((status.st_mode & S_ISGID) && (status.st_mode & S_IXGRP))
		return refuse(path, script, "is set-gid: the loader ignores LD_PRELOAD in it",
			      "run a copy without the bit under that group, or `tcpwaitspy ps PID` while it runs");
	if (getxattr(path, "security.capability", NULL, 0) > 0)
		return refuse(path, script, "has file capabilities: the loader ignores LD_PRELOAD in it",
			      "run a copy (cp leaves them behind) as root, or `tcpwaitspy ps PID` while it runs");
	return STATUS_GOOD;
}

static int check_machine(const char *path, const struct kind *kind, const char *library, const char *script)
{
	struct kind shim = read_kind(library);
	bool musl = strstr(kind->loader, "ld-musl") != NULL;
	char reason[512];

	if (!shim.readable)
		return refuse(library, NULL, "is no ELF file", "name the shim, libtcpwaitspy.so, with --library");
	if (kind->class == shim.class && kind->machine == shim.machine && kind->has_loader &&
	    musl == shim.wants_glibc) {
		snprintf(reason, sizeof(reason), "is linked with %s, and %s with %s", musl ? "musl libc" : "glibc",
			 library, musl ? "glibc" : "another libc");
		return refuse(path, script, reason,
			      "name a shim for that libc with --library (`make builds` makes "
			      "build/musl/libtcpwaitspy.so), or "
			      "`tcpwaitspy ps PID` while the program runs");
	}
	if (kind->class == shim.class && kind->machine == shim.machine)
		return STATUS_GOOD;
	snprintf(reason, sizeof(reason), "is a program for %s (%d bits), and %s is for %s (%d bits)",
		 machine_name(kind->machine), kind->class == ELFCLASS64 ? 64 : 32, library, machine_name(shim.machine),
		 shim.class == ELFCLASS64 ? 64 : 32);
	return refuse(path, script, reason,
		      "name a shim for that machine with --library (`make builds` makes some below build/), or "
		      "`tcpwaitspy ps "
		      "PID` while the program runs");
}

int elf_check(const char *path, const char *library, const char *script)
{
	struct kind kind = read_kind(path);
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	int status = check_privilege(path, script);

	if (status != STATUS_GOOD)
		return status;
	if (!kind.readable)
		return access(path, R_OK) == -1
			       ? STATUS_GOOD /* What it is shows when it runs. */
			       : refuse(path, script, "is a damaged ELF file", "look at it with readelf -a");
	status = check_machine(path, &kind, library, script);
	if (status != STATUS_GOOD)
		return status;
	/* A loader started by its name takes LD_PRELOAD for the program that it is given. */
	if (!kind.has_loader && strncmp(name, "ld-linux", strlen("ld-linux")) != 0)
		return refuse(path, script, "is statically linked: there is no loader that could preload the shim",
			      "link it dynamically, or look at it with `tcpwaitspy ps PID`, or with strace -f -e "
			      "trace=network");
	if (kind.has_loader && access(kind.loader, X_OK) == -1) {
		char reason[512];

		snprintf(reason, sizeof(reason), "cannot be started: its loader %s is not there", kind.loader);
		return refuse(path, script, reason, "install the libc that it was built for");
	}
	return STATUS_GOOD;
}
