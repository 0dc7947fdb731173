"""The clusters at run time: who is in the fleet (`roster`), an engaged one (`member`, `engagement`), and what keeps the
trouble of one from the others (`bulkhead`, `worker`)."""
