/*
 * nothing: a program without sockets, which ends at once; start.c runs it.
 */
int main(void)
{
	return 0;
}
