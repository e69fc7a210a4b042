"""``python -m pinakes.main.embedded.gate MODULE WORDS…``: load MODULE, wait, run ``-m WORDS…``.

Loading takes seconds of one core. It goes on while the tables are made; the program begins when
its standard input ends.
"""

import runpy
import sys
from importlib import import_module

if __name__ == "__main__":
    import_module(sys.argv[1])
    sys.stdin.read()
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
