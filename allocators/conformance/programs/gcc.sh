# gcc: compiles C, with optimisation and debug symbols, links it, and runs what came of it.
cat >work.c <<'EOF'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct node { struct node *left, *right; unsigned key; char text[40]; };
static struct node *add(struct node *n, unsigned key) {
    if (!n) {
        n = calloc(1, sizeof *n);
        n->key = key;
        snprintf(n->text, sizeof n->text, "%u", key);
    } else if (key < n->key) n->left = add(n->left, key);
    else if (key > n->key) n->right = add(n->right, key);
    return n;
}
static unsigned long sum(const struct node *n) {
    return n ? sum(n->left) + n->key + strlen(n->text) + sum(n->right) : 0;
}
static void drop(struct node *n) { if (n) { drop(n->left); drop(n->right); free(n); } }
int main(void) {
    struct node *root = NULL;
    unsigned key = 1;
    for (int i = 0; i < 100000; ++i) root = add(root, (key = key * 1664525u + 1013904223u) >> 8);
    printf("%lu\n", sum(root));
    drop(root);
    return 0;
}
EOF
gcc -O2 -g -Wall -S work.c -o work.s
gcc -O2 -g -Wall work.c -o work
cksum work.s work
./work
gcc -x c - <<'EOF' || echo refused
int main(void) { return undeclared; }
EOF
