package Check;

# What both programs here share: one line for each check, and the payloads.
use v5.36;
use utf8;
use Exporter 'import';
use IO::Handle;
our @EXPORT = qw(@SIZES $PUBLISHED text binary check skip equal contains);

STDOUT->autoflush(1);

# Sizes of the messages that are echoed, in bytes.
our @SIZES = (0, 125, 126, 65535, 65536, 1_000_000);

# What comes on the channel, as characters.
our $PUBLISHED = '{"echo":"木霊"}';

sub text   ($size) { substr 'kodama ' x ($size / 7 + 1), 0, $size }
sub binary ($size) { join '', map { chr($_ % 251) } 0 .. $size - 1 }

sub check ($name, $action) {
  return say "ok $name" if eval { $action->(); 1 };
  my $why = substr $@ =~ s/\s+/ /gr, 0, 200;
  utf8::encode($why);
  say "not ok $name: $why";
}

sub skip ($name, $why) { say "skip $name: $why" }

sub equal ($got, $expected) {
  die 'got ' . substr($got, 0, 100) . ', not ' . substr($expected, 0, 100) . "\n" if $got ne $expected;
}

sub contains ($got, $expected) {
  die 'got ' . substr($got, 0, 100) . "\n" if index($got, $expected) < 0;
}

1;
