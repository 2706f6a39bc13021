"""Runs a command and prints the largest resident set of any process it started, in KB."""
import resource
import subprocess
import sys

code = subprocess.call(sys.argv[1:])
print(f"peak_kb {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}")
sys.exit(code)
