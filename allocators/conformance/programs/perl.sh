# perl: hashes, regular expressions, sorting and closures.
cat >work.pl <<'EOF'
use strict;
use warnings;
my %words;
my $seed = 1;
for my $i (1 .. 50000) {
    $seed = ($seed * 1103515245 + 12345) % 2147483648;
    push @{$words{"w" . $seed % 3000}}, "x" x ($seed % 40);
}
my $text = join ",", map { "$_=" . scalar @{$words{$_}} } sort keys %words;
print length $text, "\n";
my $count = () = $text =~ /w(\d)\d*\1=/g;
print "$count\n";
delete $words{$_} for grep { /7/ } keys %words;
my @closures = map { my $n = $_; sub { $n * shift } } 1 .. 10000;
my $sum = 0;
$sum += $closures[$_]->(2) for 0 .. $#closures;
print "$sum ", scalar keys %words, "\n";
(my $twice = $text x 20) =~ s/(\d+)/$1 * 2/ge;
print unpack("%32C*", $twice), "\n";
EOF
perl work.pl
