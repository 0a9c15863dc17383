"""
The floor of loading: PyYAML's quickest loader on all files of a folder, and nothing else.

    python -m benchmarks.floor STATE

prints the processor seconds of the loading alone.
"""

import sys
import time
from pathlib import Path

import yaml

started = time.process_time()
for file in sorted(Path(sys.argv[1]).iterdir()):
    yaml.load(file.read_bytes(), yaml.CSafeLoader)
print(time.process_time() - started)
