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

bool spy_sandbox_add(const struct sock_fprog *filter, void *(*memory)(size_t size))
{
	size_t size = filter->len * sizeof(*filter->filter);
	struct sock_filter *copy = NULL;

	if (filter->len <= BPF_MAXINSNS && filter_count < FILTERS)
		copy = memory(size);
	if (copy) {
		memcpy(copy, filter->filter, size);
		filters[filter_count] = (struct sock_fprog){.len = filter->len, .filter = copy};
		filter_count++;
	} else {
		nothing_allowed = true;
	}
	spy_sandboxed = true;
	return copy != NULL;
}

void spy_sandbox_strict(void)
{
	nothing_allowed = true;
	spy_sandboxed = true;
}
