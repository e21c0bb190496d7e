/*
 * Running a seccomp filter in advance; see sandbox.h. The machine is classic BPF as the kernel
 * allows it for seccomp (linux/kernel/seccomp.c, seccomp_check_filter; Documentation/networking/
 * filter.rst): loads from struct seccomp_data, arithmetic, forward jumps, sixteen words.
 */
#include "sandbox.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>

#include "sys.h"

#define PAGE	4096
#define WORD	8 /* the kernel's signal mask */
#define WORDS	16
#define FILTERS 16 /* one over another; a program with more gets nothing from the shim any more */

_Atomic bool spy_sandboxed;

static struct sock_fprog filters[FILTERS];
static _Atomic uint32_t filter_count;
static _Atomic bool nothing_allowed;

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#elif defined(__i386__)
#define THIS_ARCH AUDIT_ARCH_I386
#endif

struct machine {
	uint32_t a, x;
	uint32_t memory[WORDS];
};

static uint32_t load_word(const struct seccomp_data *data, uint32_t offset)
{
	uint32_t word = 0;

	if (offset <= sizeof(*data) - sizeof(word))
		memcpy(&word, (const char *)data + offset, sizeof(word));
	return word;
}

static uint32_t compute(uint16_t op, uint32_t a, uint32_t b)
{
	switch (op) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_DIV:
		return b ? a / b : 0;
	case BPF_OR:
		return a | b;
	case BPF_AND:
		return a & b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return b < 32 ? a << b : 0;
	case BPF_RSH:
		return b < 32 ? a >> b : 0;
	default:
		return 0 - a; /* BPF_NEG */
	}
}

static bool compare(uint16_t op, uint32_t a, uint32_t b)
{
	switch (op) {
	case BPF_JEQ:
		return a == b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	default:
		return a & b; /* BPF_JSET */
	}
}

static void load(struct machine *m, const struct sock_filter *ins, const struct seccomp_data *data)
{
	uint32_t value = ins->k;

	if (BPF_MODE(ins->code) == BPF_ABS)
		value = load_word(data, ins->k);
	else if (BPF_MODE(ins->code) == BPF_MEM)
		value = m->memory[ins->k % WORDS];
	else if (BPF_MODE(ins->code) == BPF_LEN)
		value = sizeof(*data);
	if (BPF_CLASS(ins->code) == BPF_LD)
		m->a = value;
	else
		m->x = value;
}

uint32_t spy_sandbox_run(const struct sock_fprog *filter, long number, const uint64_t args[6])
{
	struct seccomp_data data = {.nr = (int)number, .arch = THIS_ARCH};
	struct machine m = {.a = 0};

	memcpy(data.args, args, sizeof(data.args));
	/* Jumps only go forward, so that the program ends. */
	for (uint32_t pc = 0; pc < filter->len; pc++) {
		const struct sock_filter *ins = &filter->filter[pc];
		uint32_t operand = BPF_SRC(ins->code) == BPF_X ? m.x : ins->k;

		switch (BPF_CLASS(ins->code)) {
		case BPF_LD:
		case BPF_LDX:
			load(&m, ins, &data);
			break;
		case BPF_ST:
			m.memory[ins->k % WORDS] = m.a;
			break;
		case BPF_STX:
			m.memory[ins->k % WORDS] = m.x;
			break;
		case BPF_ALU:
			m.a = compute(BPF_OP(ins->code), m.a, operand);
			break;
		case BPF_JMP:
			if (BPF_OP(ins->code) == BPF_JA)
				pc += ins->k;
			else
				pc += compare(BPF_OP(ins->code), m.a, operand) ? ins->jt : ins->jf;
			break;
		case BPF_RET:
			return BPF_RVAL(ins->code) == BPF_A ? m.a : ins->k;
		default:
			if (BPF_MISCOP(ins->code) == BPF_TAX)
				m.x = m.a;
			else
				m.a = m.x;
		}
	}
	return SECCOMP_RET_KILL_PROCESS;
}

bool spy_sandbox_allows(long number, const uint64_t args[6])
{
	if (nothing_allowed)
		return false;
	for (uint32_t i = 0; i < filter_count; i++) {
		uint32_t action = spy_sandbox_run(&filters[i], number, args) & SECCOMP_RET_ACTION_FULL;

		if (action != SECCOMP_RET_ALLOW && action != SECCOMP_RET_LOG)
			return false;
	}
	return true;
}

bool spy_sandbox_allows_number(long number)
{
	static const uint64_t no_args[6];

	return !spy_sandboxed || spy_sandbox_allows(number, no_args);
}

/*
 * rt_sigprocmask(2) reads the new mask before it looks at the first argument: EFAULT where it cannot be
 * read, EINVAL with an argument like this one.
 */
static bool is_readable(const void *start, size_t size)
{
	uintptr_t first = (uintptr_t)start, last = first + size - WORD;

	if (size < WORD || last < first)
		return false;
	for (uintptr_t at = first; at < last; at = (at | (PAGE - 1)) + 1)
		if (spy_sys4(SYS_rt_sigprocmask, -1, at, NULL, WORD) == -EFAULT)
			return false;
	return spy_sys4(SYS_rt_sigprocmask, -1, last, NULL, WORD) != -EFAULT;
}

/* The instructions that a filter may have (linux/kernel/seccomp.c, seccomp_check_filter()). */
static bool is_allowed(const struct sock_filter *ins)
{
	switch (ins->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		return ins->k < sizeof(struct seccomp_data) && ins->k % sizeof(uint32_t) == 0;
	case BPF_ST:
	case BPF_STX:
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
		return ins->k < WORDS;
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_LD | BPF_IMM:
	case BPF_LDX | BPF_IMM:
	case BPF_MISC | BPF_TAX:
	case BPF_MISC | BPF_TXA:
	case BPF_RET | BPF_K:
	case BPF_RET | BPF_A:
	case BPF_ALU | BPF_NEG:
	case BPF_JMP | BPF_JA:
		return true;
	default:
		break;
	}
	switch (ins->code & ~BPF_X) {
	case BPF_ALU | BPF_ADD:
	case BPF_ALU | BPF_SUB:
	case BPF_ALU | BPF_MUL:
	case BPF_ALU | BPF_DIV:
	case BPF_ALU | BPF_AND:
	case BPF_ALU | BPF_OR:
	case BPF_ALU | BPF_XOR:
	case BPF_ALU | BPF_LSH:
	case BPF_ALU | BPF_RSH:
	case BPF_JMP | BPF_JEQ:
	case BPF_JMP | BPF_JGT:
	case BPF_JMP | BPF_JGE:
	case BPF_JMP | BPF_JSET:
		return true;
	default:
		return false;
	}
}

/* As bpf_check_classic() of the kernel has it: jumps go forward and stay inside, and the last instruction returns. */
static bool is_program(const struct sock_fprog *program)
{
	for (uint32_t pc = 0; pc < program->len; pc++) {
		const struct sock_filter *ins = &program->filter[pc];
		uint32_t left = program->len - pc - 1;

		if (!is_allowed(ins))
			return false;
		if (BPF_CLASS(ins->code) != BPF_JMP)
			continue;
		if (BPF_OP(ins->code) == BPF_JA ? ins->k >= left : ins->jt >= left || ins->jf >= left)
			return false;
	}
	return BPF_CLASS(program->filter[program->len - 1].code) == BPF_RET;
}

enum spy_sandbox_taken spy_sandbox_read(const void *offered, struct sock_fprog *copy, void *(*memory)(size_t size))
{
	struct sock_fprog program;
	size_t size;

	if (!is_readable(offered, sizeof(program)))
		return SPY_SANDBOX_INVALID;
	memcpy(&program, offered, sizeof(program));
	size = program.len * sizeof(*program.filter);
	if (!program.len || program.len > BPF_MAXINSNS || !is_readable(program.filter, size))
		return SPY_SANDBOX_INVALID;
	copy->len = program.len;
	copy->filter = memory(size);
	if (!copy->filter)
		return SPY_SANDBOX_NO_ROOM;
	memcpy(copy->filter, program.filter, size);
	return is_program(copy) ? SPY_SANDBOX_TAKEN : SPY_SANDBOX_INVALID;
}

void spy_sandbox_add(const struct sock_fprog *copy)
{
	if (filter_count < FILTERS) {
		filters[filter_count] = *copy;
		filter_count++;
	} else {
		nothing_allowed = true;
	}
	spy_sandboxed = true;
}

void spy_sandbox_take_back(void)
{
	if (nothing_allowed || !filter_count)
		return;
	filter_count--;
	spy_sandboxed = filter_count > 0;
}

void spy_sandbox_strict(void)
{
	nothing_allowed = true;
	spy_sandboxed = true;
}
