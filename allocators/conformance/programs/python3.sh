# python3: objects of many sizes, threads and subprocesses, on its own arenas and on malloc alone.
cat >work.py <<'EOF'
import hashlib, json, re, subprocess, sys, threading, zlib

table = {i: [str(j) * (j % 50) for j in range(i % 97)] for i in range(5000)}
for i in range(0, 5000, 3):
    del table[i]
text = json.dumps(table)
print(hashlib.sha256(text.encode()).hexdigest(), len(zlib.compress(text.encode())))
print(len(re.findall(r"1(2|3)+", text)), 3**20000 % 1000007)

found = [0] * 8

def count(at):
    found[at] = sum(len(bytearray(size)) for size in range(at, 30000, 97))

threads = [threading.Thread(target=count, args=(at,)) for at in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(found)
code = "print(sum(len([0] * n) for n in range(2000)))"
print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
EOF
PYTHONHASHSEED=0 python3 -B work.py
PYTHONHASHSEED=0 PYTHONMALLOC=malloc python3 -B work.py
