/*
 * What kind of ELF file a program is, and whether the shim can be preloaded into it.
 */
#ifndef TOOLS_RUN_ELF_KIND_H
#define TOOLS_RUN_ELF_KIND_H

/*
 * STATUS_GOOD, or STATUS_CANNOT after lines on stderr that say why the loader would not take the
 * shim (library) into the program at path, and what to use instead. script, where not NULL, is what
 * the user named and path interprets.
 */
int elf_check(const char *path, const char *library, const char *script);

#endif
