# git: commits, a merge, a repack and a check of everything, with fixed dates and names.
export GIT_AUTHOR_NAME=lab GIT_AUTHOR_EMAIL=lab@example.org GIT_AUTHOR_DATE='1700000000 +0000'
export GIT_COMMITTER_NAME=lab GIT_COMMITTER_EMAIL=lab@example.org GIT_COMMITTER_DATE='1700000000 +0000'
export GIT_CONFIG_NOSYSTEM=1
git init -q -b main repository
cd repository
for i in 1 2 3 4 5 6 7 8; do
    awk -v seed="$i" 'BEGIN { for (n = 0; n < 2000; ++n) print n, n * seed * 7919 % 10007 }' >"file$((i % 3))"
    git add .
    git commit -q -m "change $i"
done
git checkout -q -b side HEAD~4
echo side >side
git add side
git commit -q -m side
git merge -q -m merge main
git log --format='%H %s' --stat
git blame file1 | cksum
git diff HEAD~3 | cksum
git gc -q
git fsck --full
git count-objects -v | grep -v size
