# relay.pl: stands between a client and a server on loopback and spoils what passes, as no server would.
#
# It prints two ports, that of the relay and that of its control, and ends when its standard input does. A line to the control,
#   set NAME=VALUE ...
# replaces what it does, and is answered by how many requests the setting before has spoiled:
#   upstream   port of the server; none: whatever comes is answered by `say`
#   divert     port of another server, for the connections that are spoilt
#   skip       so many requests are let through first; count: so many are spoilt (all)
#   action     reset, close or stall; drip: the answer byte by byte; say: `answer` instead of the server's
#   at         head or body: where `after` counts from, and bytes of the answer that pass before the action; none: before the answer
#   answer     what is said, in hexadecimal; more: what is said again and again behind it; end=stall: the connection stays open
#   from, to   of the answer, or with `of=request` of the request, what becomes what (hexadecimal, of one length)
use strict;
use warnings;
use Socket qw(:DEFAULT IPPROTO_TCP TCP_NODELAY);
use Errno;
use IO::Handle;
use IO::Select;
use constant DRIPPED => 1000;           # bytes that come one by one: the rest would only take time

$SIG{PIPE} = 'IGNORE';
my ($ports, $writers, %peer) = (IO::Select->new, IO::Select->new);
my %rule = (hits => 0, seen => 0);

sub listener {
  socket(my $s, PF_INET, SOCK_STREAM, 0) or die;
  bind($s, sockaddr_in(0, INADDR_LOOPBACK)) or die;
  listen($s, 64) or die;
  $ports->add($s);
  return ($s, (sockaddr_in(getsockname $s))[0]);
}

my ($relay, $port) = listener();
my ($control, $control_port) = listener();
$ports->add(\*STDIN);
$| = 1;
print "$port $control_port\n";

sub drop {
  for my $s (@_) {
    next unless $s && $peer{$s};
    $_->remove($s) for $ports, $writers;
    delete $peer{$s};
    close $s;
  }
}

sub drop_both { my ($c) = @_; drop($c->{upstream}, $c->{client}); }

sub reset_client {
  my ($c) = @_;
  setsockopt($c->{client}, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0));
  drop_both($c);
}

sub is_due {
  return 0 unless $rule{action} || $rule{from} || $rule{divert};
  $rule{seen}++;
  return 0 if $rule{seen} <= ($rule{skip} || 0) || $rule{hits} >= ($rule{count} || 1e9);
  return ++$rule{hits};
}

sub to_server {
  my ($c) = @_;
  my $wanted = $c->{is_diverted} ? $rule{divert} : $rule{upstream};
  return unless $wanted;
  socket(my $s, PF_INET, SOCK_STREAM, 0);
  unless (connect($s, sockaddr_in($wanted, INADDR_LOOPBACK))) { close $s; return drop_both($c) }
  $c->{upstream} = $s;
  $peer{$s} = $c;
  $ports->add($s);
}

sub accept_client {
  accept(my $s, $relay) or return;
  setsockopt($s, IPPROTO_TCP, TCP_NODELAY, 1);
  my $c = { client => $s, is_between => 1, slow => '' };
  $peer{$s} = $c;
  $ports->add($s);
  $c->{is_diverted} = 1 if $rule{divert} && is_due();
  to_server($c);
}

# All bytes, or none when the client has gone.
sub give {
  my ($s, $bytes) = @_;
  while (length $bytes) {
    my $n = syswrite($s, $bytes);
    return 0 unless $n;
    substr($bytes, 0, $n, '');
  }
  return 1;
}

sub act {
  my ($c, $action) = @_;
  if ($action eq 'reset') { reset_client($c) }
  elsif ($action eq 'close') { drop_both($c) }
  else { drop($c->{upstream}); $c->{is_mute} = 1 }
}

# What is said instead of an answer; whatever the client says is read until it has gone.
sub say_it {
  my ($c) = @_;
  drop($c->{upstream});
  $c->{is_mute} = 1;
  my $more = pack 'H*', $rule{more} || '';
  return unless give($c->{client}, pack 'H*', $rule{answer});
  return $rule{end} || shutdown($c->{client}, 1) unless length $more;
  @$c{qw(more at)} = ($more, 0);
  $c->{client}->blocking(0);
  $writers->add($c->{client});
}

sub say_more {
  my ($c) = @_;
  my $n = syswrite($c->{client}, $c->{more}, length($c->{more}) - $c->{at}, $c->{at});
  return drop_both($c) unless $n || $!{EAGAIN};
  $c->{at} = ($c->{at} + ($n || 0)) % length $c->{more};
}

sub changed {
  my ($bytes, $whose) = @_;
  return $bytes unless $rule{from} && ($rule{of} || 'answer') eq $whose;
  my ($from, $to) = map { pack 'H*', $_ } @rule{'from', 'to'};
  $rule{changed}++ if $bytes =~ s/\Q$from\E/$to/;
  return $bytes;
}

sub from_client {
  my ($c, $bytes) = @_;
  return if $c->{is_mute};
  if ($c->{is_between}) {
    @$c{qw(is_between sent head is_spoilt)} = (0, 0, '', $rule{divert} ? 0 : is_due());
  }
  if ($c->{is_spoilt}) {
    my $action = $rule{action} || '';
    return say_it($c) if $action eq 'say';
    return act($c, $action) if $action && $action ne 'drip' && !$rule{at};
    if ($rule{from}) {
      $bytes =~ s/Accept-Encoding: gzip/X-ccept-Encoding: gzip/;
      $bytes = changed($bytes, 'request');
    }
  }
  give($c->{upstream}, $bytes) or drop_both($c);
}

# How many of these bytes may pass before the action; none is known while the head has not ended.
sub allowance {
  my ($c, $bytes) = @_;
  return $rule{after} - $c->{sent} if $rule{at} eq 'head';
  $c->{head} .= $bytes if length $c->{head} < 65536;
  my $end = index($c->{head}, "\r\n\r\n");
  return $end < 0 ? undef : $end + 4 + $rule{after} - $c->{sent};
}

sub drip {
  my ($c, $bytes) = @_;
  $c->{slow} .= $bytes;
  $c->{dripped} = 0;
  $writers->add($c->{client});
}

sub drip_more {
  my ($c) = @_;
  my $bytes = substr $c->{slow}, 0, $c->{dripped}++ < DRIPPED ? 1 : length $c->{slow}, '';
  $writers->remove($c->{client}) unless length $c->{slow};
  give($c->{client}, $bytes) or drop_both($c);
}

sub from_server {
  my ($c, $bytes) = @_;
  $c->{is_between} = 1;
  my $action = $c->{is_spoilt} && $rule{action} || '';
  return drip($c, $bytes) if $action eq 'drip';
  $bytes = changed($bytes, 'answer') if $c->{is_spoilt};
  my $left = $action ? allowance($c, $bytes) : undef;
  my $is_last = defined $left && $left <= length $bytes;
  give($c->{client}, $is_last ? substr($bytes, 0, $left) : $bytes) or return drop_both($c);
  $c->{sent} += length $bytes;
  act($c, $action) if $is_last;
}

sub take_control {
  accept(my $s, $control) or return;
  my $line = <$s> // '';
  my ($before, $upstream) = ($rule{from} ? $rule{changed} || 0 : $rule{hits}, $rule{upstream});
  %rule = (hits => 0, seen => 0, $line =~ /(\w+)=(\S+)/g);
  my @old = $rule{action} || $rule{divert} || ($upstream || 0) != ($rule{upstream} || 0) ? values %peer : ();   # no spoiled one comes by an old way
  drop_both($_) for @old;
  syswrite $s, "$before\n";
  close $s;
}

while (1) {
  my ($readable, $writable) = IO::Select::select($ports, $writers, undef);
  for my $c (grep { $_ } map { $peer{$_} } @$writable) { if (length $c->{slow}) { drip_more($c) } else { say_more($c) } }
  for my $s (@$readable) {
    if ($s == \*STDIN) { exit 0 unless sysread(STDIN, my $none, 100) }
    elsif ($s == $relay) { accept_client() }
    elsif ($s == $control) { take_control() }
    elsif (my $c = $peer{$s}) {
      my $n = sysread($s, my $bytes, 65536);
      if (!$n) { drop_both($c) }
      elsif ($s == $c->{client}) { from_client($c, $bytes) }
      else { from_server($c, $bytes) }
    }
  }
}
