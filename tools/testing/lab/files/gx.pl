#!/usr/bin/perl -w
# SPDX-License-Identifier: GPL-2.0
#
# gx [-i] GUEST -- CMD...: runs CMD in a guest: dom0's side of agent.py, where the
# protocol is told.
#
# Gives CMD's stdout, stderr and exit status; -i passes stdin.
# Status 255: the guest is not there, has no agent, or went away.
#
# In Perl, and with no module but strict, for one reason: the tests run it thousands
# of times, and on an emulated CPU Python takes as long to start as all the rest.
use strict;

# What xs.py has: types of messages, slots of a ring, bytes in one.
my ($DIRECTORY, $READ, $WATCH, $WRITE, $RM) = (1, 2, 4, 11, 13);
my ($WATCH_EVENT, $ERROR) = (15, 16);
my ($SLOTS, $CHUNK) = (32, 1400);
# <poll.h> and the call's number; select() cannot wait for an error alone.
my ($POLLIN, $SYS_POLL) = (1, 7);

# What came and was not looked at, and how often each watch has fired, by its token.
my ($bus, $input, %fired) = (undef, '');

# The next message's type and body, if there is a whole one.
sub taken {
	return if length $input < 16;
	my ($type, undef, undef, $length) = unpack 'V4', $input;
	return if length $input < 16 + $length;
	my $body = substr $input, 16, $length;
	substr($input, 0, 16 + $length) = '';
	return ($type, $body);
}

sub more {
	my $got = sysread $bus, $input, 65536, length $input;
	die "/dev/xen/xenbus: $!\n" unless $got;
}

# An event: path, NUL, token, NUL.
sub event {
	my (undef, $token) = split /\0/, $_[0];

	$fired{$token}++;
}

sub events {
	while (my ($type, $body) = taken()) {
		event($body) if $type == $WATCH_EVENT;
	}
}

# The answer's body, or undef where there is no such node, or no right.
sub request {
	my ($type, $body) = @_;

	defined syswrite $bus, pack('V4', $type, 0, 0, length $body) . $body
		or die "/dev/xen/xenbus: $!\n";
	while (1) {
		my ($got, $reply) = taken();
		if (!defined $got) {
			more();
		} elsif ($got == $WATCH_EVENT) {
			event($reply);
		} elsif ($got == $ERROR) {
			$reply =~ s/\0.*//s;
			return undef if $reply eq 'ENOENT' || $reply eq 'EACCES';
			(my $path = $body) =~ s/\0.*//s;
			die "$path: $reply\n";
		} else {
			return $reply;
		}
	}
}

sub value { return request($READ, "$_[0]\0") }
sub put { return defined request($WRITE, "$_[0]\0$_[1]") || die "$_[0]: cannot be written\n" }
sub watch { request($WATCH, "$_[0]\0$_[1]\0") }
sub remove { request($RM, "$_[0]\0") }

sub is_named {
	my ($domid, $name) = @_;
	my $has = value("/local/domain/$domid/name");

	return defined $has && $has eq $name;
}

sub domain {
	my ($name) = @_;

	for my $domid (split /\0/, request($DIRECTORY, "/local/domain\0")) {
		return $domid if is_named($domid, $name);
	}
	die "no guest $name\n";
}

# Whether all of it could be written: its reader may have gone.
sub written {
	my ($fd, $data) = @_;
	my $to = $fd == 1 ? \*STDOUT : \*STDERR;

	while (length $data) {
		my $n = syswrite $to, $data;
		return 0 unless defined $n;
		substr($data, 0, $n) = '';
	}
	return 1;
}

# Which of fd => events have some, or an error.
sub polled {
	my %wanted = @_;
	my @fds = keys %wanted;
	my $set = join '', map { pack 'lss', $_, $wanted{$_}, 0 } @fds;
	my %ready;

	syscall $SYS_POLL, $set, scalar @fds, -1;
	for my $i (0 .. $#fds) {
		$ready{$fds[$i]} = 1 if (unpack 'lss', substr $set, 8 * $i, 8)[2];
	}
	return %ready;
}

sub session {
	my ($c, $o, $stdin, $name, $domid, @argv) = @_;
	my $command = join '', map { "$_\0" } @argv;
	my ($taken, $acked, $sent, $confirmed) = (0, 0, 0, 0);

	die "command line longer than 1900 bytes: push a script instead\n"
		if length $command > 1900;
	# Each fires at once: for the output that says nothing yet, the guest may be gone.
	$fired{output} = -1;
	watch($o, 'output');
	watch("/local/domain/$domid/name", 'name');
	put("$c/ack", '0');
	put("$c/i0", pack 'Na', 0, 'e') unless $stdin;
	put("$c/req", $command);
	while (1) {
		# What was read along with an answer: poll() shows the kernel's queue only.
		events();
		if (!$fired{name} && $fired{output} < 1) {
			# A reader that went away (a killed `lab exec`) ends the command as well.
			my %wanted = (fileno $bus => $POLLIN, 1 => 0);

			$wanted{0} = $POLLIN if $stdin && $sent - $confirmed < $SLOTS;
			my %ready = polled(%wanted);
			more() if $ready{fileno $bus};
			return 141 if $ready{1};
			if ($ready{0}) {
				my $data = '';
				my $n = sysread STDIN, $data, $CHUNK;

				put("$c/i" . $sent % $SLOTS, pack('Na', $sent, $n ? 'd' : 'e') . $data);
				$sent++;
				$stdin = 0 unless $n;
			}
		}
		if ($fired{name}) {
			$fired{name} = 0;
			die "$name went away\n" unless is_named($domid, $name);
		}
		next if $fired{output} < 1;
		$fired{output} = 0;
		while (defined(my $slot = value("$o/" . $taken % $SLOTS))) {
			my ($number, $kind) = unpack 'Na', $slot;
			my $data = substr $slot, 5;

			last if $number != $taken;
			$taken++;
			return int $data if $kind eq 'x';
			return 141 unless written($kind, $data);
			if ($taken - $acked >= $SLOTS / 4) {
				$acked = $taken;
				put("$c/ack", $acked);
			}
		}
		$confirmed = value("$o/ack") || 0 if $sent > $confirmed;
	}
}

$SIG{PIPE} = 'IGNORE';
my $stdin = @ARGV && $ARGV[0] eq '-i' ? shift : '';
my ($name, $dashes, @argv) = @ARGV;
my ($domid, $status);
my $sid = $$ . '-' . time;
eval {
	die "usage: gx [-i] GUEST -- CMD...\n" unless @argv && $dashes eq '--';
	sysopen $bus, '/dev/xen/xenbus', 2 or die "/dev/xen/xenbus: $!\n";
	$domid = domain($name);
	my $base = "/local/domain/$domid/data/lab";
	die "$name has no agent (yet)\n" unless defined value("$base/ready");
	$status = eval { session("$base/c/$sid", "$base/o/$sid", $stdin, $name, $domid, @argv) };
	my $why = $@;
	# Whoever has that number now, it is not the guest's.
	if (defined value("/local/domain/$domid/name")) {
		remove("$base/c/$sid");
		remove("$base/o/$sid");
	}
	die $why unless defined $status;
};
if ($@) {
	syswrite STDERR, "gx: $@";
	$status = 255;
}
exit $status;
