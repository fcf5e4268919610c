"""What a running sandbox uses of memory, processors and disk, measured from outside."""
