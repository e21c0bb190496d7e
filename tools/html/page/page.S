/* The page as the build has put it together, in two texts; the data comes between them. */
	.section .rodata
	.global html_page_head, html_page_tail
	.hidden html_page_head, html_page_tail
html_page_head:
	.incbin PAGE_HEAD
	.byte 0
html_page_tail:
	.incbin PAGE_TAIL
	.byte 0
	.section .note.GNU-stack,"",%progbits
