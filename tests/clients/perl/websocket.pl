# https://docs.mojolicious.org/Mojo/UserAgent#websocket
use v5.36;
use FindBin;
use lib $FindBin::Bin;
use Check;
use Mojo::IOLoop;
use Mojo::UserAgent;
use Mojo::Util 'decode';
use Mojolicious;

my ($echo, $channel) = @ARGV;
my $ua = Mojo::UserAgent->new;

# Opens one. Returns it, and a list to which is added what it receives, each thing as one string.
sub open_websocket ($url, @protocols) {
  my ($tx, @inbox);
  my $deflate = {'Sec-WebSocket-Extensions' => 'permessage-deflate'};
  $ua->websocket(
    $url => $deflate => [@protocols] => sub ($ua, $opened) {
      die "no WebSocket: $url\n" unless $opened->is_websocket;
      $tx = $opened;

      # By default messages of more than 256 KiB are refused.
      $tx->max_websocket_size(1024 * 1024);
      $tx->on(frame  => sub ($tx, $frame) { push @inbox, "pong $frame->[5]" if $frame->[4] == 10 });
      $tx->on(text   => sub ($tx, $bytes) { push @inbox, decode 'UTF-8', $bytes });
      $tx->on(binary => sub ($tx, $bytes) { push @inbox, $bytes });
      $tx->on(finish => sub ($tx, $code, $reason = undef) { push @inbox, "$code " . ($reason // '') });
    }
  );
  Mojo::IOLoop->one_tick until $tx;
  return ($tx, \@inbox);
}

sub next_of ($inbox) {
  Mojo::IOLoop->one_tick until @$inbox;
  return shift @$inbox;
}

say 'version ' . Mojolicious->VERSION;

my ($tx, $inbox) = open_websocket($echo);
for my $size (@SIZES) {
  check "echo text $size" => sub {
    $tx->send({text => text($size)});
    equal next_of($inbox), text($size);
  };
  check "echo binary $size" => sub {
    $tx->send({binary => binary($size)});
    equal next_of($inbox), binary($size);
  };
}
check fragments => sub {

  # FIN, three reserved bits, opcode, payload.
  $tx->send([0, 0, 0, 0, 1, 'frag']);
  $tx->send([0, 0, 0, 0, 0, 'men']);
  $tx->send([1, 0, 0, 0, 0, 'ts']);
  equal next_of($inbox), 'fragments';
};
check ping => sub {
  $tx->send([1, 0, 0, 0, 9, 'are you there']);
  equal next_of($inbox), 'pong are you there';
};
check 'close by the client' => sub {
  $tx->finish(4001 => 'bye');
  contains next_of($inbox), '4001 ';
};

check channel => sub {
  my ($tx, $inbox) = open_websocket($channel);
  say 'subscribed';
  equal next_of($inbox), $PUBLISHED;
  $tx->finish;
};

check 'close by the server' => sub {
  my ($tx, $inbox) = open_websocket($channel, 'kodama.v1');
  contains next_of($inbox), '{"open":';
  $tx->send({binary => 'not JSON'});
  equal next_of($inbox), '1003 JSON is spoken here';
};
