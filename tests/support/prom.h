/*
 * Metrics as a test reads them: a file in Prometheus' text format, its samples found by name and labels.
 */
#ifndef SUPPORT_PROM_H
#define SUPPORT_PROM_H

#include <stdbool.h>

#define PROM_LABELS_MAX 6

/* A sample; what is NULL is not asked. */
struct prom_match {
	const char *name; /* without "tcpwaitspy_" */
	const char *labels[PROM_LABELS_MAX]; /* each as it stands in the file: state="CLOSE_WAIT" */
};

/* The value of the one sample that matches; fails the test, printing the text, where there are none or several. */
double prom_value(const char *text, const struct prom_match *match);
/* How many match. */
int prom_count(const char *text, const struct prom_match *match);

/* Reads the file again and again until the sample has this value. Returns the text. */
const char *prom_wait(const char *path, const struct prom_match *match, double value);

/* app.prom in the test's directory; options that write it often, with further ones. */
const char *prom_path(void);
const char *prom_options(const char *further);

/* Runs lines of the script to their end. Returns what the file says then. */
const char *prom_run(const char *further, const char *lines);

/* 1 while the process runs. */
extern const struct prom_match prom_up;

/* How many connections are in a state. */
double prom_state(const char *text, const char *state);

/* Fails unless `promtool check metrics` is content with the text and has nothing to remark. */
void prom_check(const char *text);

#endif
