/*
 * What the model's own files share while it is made.
 */
#ifndef TOOLS_MODEL_INTERNAL_H
#define TOOLS_MODEL_INTERNAL_H

#include "model.h"
#include "pool.h"

/* The last summary's WAIT states, or those that were seen, of one process. */
struct process_inside {
	struct model_wait *waits; /* the totals by state, and behind them those of places */
	uint32_t total_count;
	uint32_t wait_count;
	struct model_wait seen[SPY_STATE_COUNT];
	uint64_t seen_conns; /* with a peer */
	uint32_t *stacks; /* by their numbers in the process, indexes into the model's; MODEL_NONE: not told yet */
	uint32_t stack_count;
};

struct conn_inside {
	int64_t since_ns; /* when it came to its state */
	bool inferred; /* that state */
	bool moved; /* it has been in another one before */
	bool counted; /* in seen_conns */
};

struct model_inside {
	struct model_filter filter;
	uint32_t file;
	struct pool texts; /* 0 is "" */
	struct pool frames;
	struct pool stacks;
	struct pool pids; /* (file, pid), and the process that has the pid now: */
	uint32_t *pid_processes;
	struct pool conns; /* (process, id): the index into conns */
	struct pool tallies; /* (process, rule, severity, frame): the index into tallies */
	struct process_inside *processes;
	struct conn_inside *conn_insides;
	uint32_t summaries; /* so far */
};

/* One more entry of model->name; the lists grow by themselves. */
#define MODEL_PUSH(model, name)                                                                                        \
	((model)->name = pool_grow((model)->name, (model)->name##_count, sizeof(*(model)->name)),                      \
	 &(model)->name[(model)->name##_count++])

/* model.c */
model_text_id model_put_text(struct model *model, const char *text); /* 0 for NULL and "" */
uint32_t model_put_frame(struct model *model, const struct item_frame *frame); /* MODEL_NONE: an empty one */

/* places.c: which stacks the calls on a connection had. */
void model_add_stack(struct model *model, uint32_t process, uint32_t conn, const struct item *item);
void model_place(struct model *model);

/* flow.c: a connection's way through the states. */
void model_flow(struct model *model, uint32_t conn, const struct item *item, bool counts);
void model_flow_end(struct model *model);

/* findings.c */
uint32_t model_put_stack(struct model *model, const struct item_stack *stack); /* MODEL_NONE: an empty one */
void model_add_finding(struct model *model, uint32_t process, uint32_t conn, const struct item *item);
void model_add_summary(struct model *model, uint32_t process, const struct item *item);

/* groups.c, waits.c, pairs.c: steps of model_finish(). */
void model_make_groups(struct model *model);
void model_make_waits(struct model *model);
void model_make_pairs(struct model *model);

#endif
