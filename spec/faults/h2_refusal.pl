# h2_refusal.pl refuse|goaway PORT PEM: a server of HTTP/2 over TLS (by `openssl s_server`, with this certificate and key) that acts on no
# request: it refuses each stream, or goes away and names none as the last that it looked at.
use strict;
use warnings;
use IPC::Open2;

my ($mode, $port, $pem) = @ARGV;
my $pid = open2(my $from, my $to, 'openssl', 's_server', '-accept', "127.0.0.1:$port", '-cert', $pem, '-alpn', 'h2', '-quiet');
$SIG{TERM} = sub { kill 'TERM', $pid; exit 0 };

sub frame {
  my ($type, $flags, $stream, $payload) = @_;
  return substr(pack('N', length $payload), 1) . pack('CCN', $type, $flags, $stream) . $payload;
}

sub answer {
  my ($stream) = @_;
  return frame(3, 0, $stream, pack 'N', 7) if $mode eq 'refuse';                       # RST_STREAM, REFUSED_STREAM
  return frame(7, 0, 0, pack 'NN', 0, 0);                                              # GOAWAY, last stream 0, NO_ERROR
}

my $bytes = '';
while (sysread $from, my $more, 65536) {
  $bytes .= $more;
  if ($bytes =~ s/^.*?PRI \* HTTP\/2\.0\r\n\r\nSM\r\n\r\n//s) { syswrite $to, frame(4, 0, 0, '') }
  while (length $bytes >= 9) {
    my $length = unpack 'N', "\0" . substr $bytes, 0, 3;
    last if length $bytes < 9 + $length;
    my ($type, $flags, $stream) = unpack 'CCN', substr $bytes, 3, 6;
    substr $bytes, 0, 9 + $length, '';
    syswrite $to, frame(4, 1, 0, '') if $type == 4 && !($flags & 1);
    syswrite $to, answer($stream) if $type == 1;
  }
}
