# https://docs.mojolicious.org/Mojo/UserAgent
use v5.36;
use FindBin;
use lib $FindBin::Bin;
use Check;
use Mojo::UserAgent;
use Mojo::Util 'b64_encode';
use Mojolicious;

my ($channel) = @ARGV;
my $ua = Mojo::UserAgent->new;

sub taken ($tx, $remembered) {
  my $answer = $tx->result;
  die $answer->code . ' ' . $answer->body . "\n" if $answer->code != 200;
  contains $answer->body, '"id"';
  contains $ua->get("$channel?limit=1")->result->body, $remembered;
}

say 'version ' . Mojolicious->VERSION;

for my $size (0, 125, 65536, 1_000_000) {
  check "publish $size" => sub {
    taken $ua->post($channel => {'Content-Type' => 'text/plain'} => text($size)), '"data":"' . text($size) . '"';
  };
}
check 'publish binary' => sub {
  my $tx = $ua->post($channel => {'Content-Type' => 'application/octet-stream'} => binary(65536));
  taken $tx, '"base64":"' . b64_encode(binary(65536), '') . '"';
};
check 'publish chunked' => sub {
  my $tx = $ua->build_tx(POST => $channel => {'Content-Type' => 'text/plain'});
  $tx->req->content->write_chunk(
    text(50_001) => sub ($content, $offset) {
      $content->write_chunk(substr(text(100_000), 50_001) => sub ($content, $offset) { $content->write_chunk('') });
    }
  );
  taken $ua->start($tx), '"data":"' . text(100_000) . '"';
};
skip expect => 'does not ask before it sends';
check 'too large' => sub {
  equal $ua->post($channel => {'Content-Type' => 'text/plain'} => text(1_048_577))->result->code, 413;
};
