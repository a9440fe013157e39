"""`./dev guest`: QEMU guests in which real drivers meet devices that this host does not have.

`python3 harness/guest ARGUMENTS` starts here. Nothing in this folder needs more than Python's standard library.
"""

import sys

import command_line

if __name__ == "__main__":
    sys.exit(command_line.main(sys.argv[1:]))
