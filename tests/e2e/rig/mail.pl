# usage: perl mail.pl FOLDER ADDRESS; see "mail"
use strict;
use warnings;
use Encode ();
use JSON::PP;
use MIME::Parser;

my ( $folder, $address ) = @ARGV;

# The first part of that type, decoded.
sub text_of {
    my ( $entity, $type ) = @_;
    if ( my @parts = $entity->parts ) {
        for my $part (@parts) {
            my $text = text_of( $part, $type );
            return $text if defined $text;
        }
        return;
    }
    return if $entity->effective_type ne $type || !$entity->bodyhandle;
    my $charset = $entity->head->mime_attr('content-type.charset') || 'utf-8';
    my $text    = Encode::decode( Encode::find_encoding($charset) ? $charset : 'utf-8', $entity->bodyhandle->as_string );
    $text =~ s/\r\n/\n/g;
    $text =~ s/\n+\z//;                      # RT puts some at the end of every mail
    return $text;
}

sub header {
    my ( $head, $name ) = @_;
    my $value = $head->get($name);
    return undef unless defined $value;    # not an empty list: it stands in a hash
    $value =~ s/\r?\n[ \t]+/ /g;
    $value =~ s/\s+\z//;
    return Encode::decode( 'MIME-Header', $value );
}

sub addresses { my $list = header(@_) // ''; return [ $list =~ /([^\s<>,;"]+\@[^\s<>,;"]+)/g ] }

my $parser = MIME::Parser->new;
$parser->output_to_core(1);
$parser->tmp_to_core(1);

my @mails;
for my $file ( sort glob "\Q$folder\E/*.mbox" ) {
    open my $in, '<:raw', $file or next;    # reset may have removed it just now
    my $all = do { local $/; <$in> } // '';
    for my $raw ( split /^From \S+\@localhost  .*\n/m, $all ) {
        next unless $raw =~ /\S/;
        $raw =~ s/^>(>*From )/$1/mg;
        my $entity = $parser->parse_data($raw);
        my $head   = $entity->head;
        my $id     = header( $head, 'Message-ID' );
        # <rt-VERSION-PID-TIME-RANDOM.TICKET-SCRIP-COUNT@...>
        my ( $time, $ticket ) = ( $id // '' ) =~ /^<rt-.*-(\d+)-\d+\.(\d+)-\d+-\d+\@/;
        push @mails, [ $time // 0, {
            to           => addresses( $head, 'To' ),
            cc           => addresses( $head, 'Cc' ),
            bcc          => addresses( $head, 'Bcc' ),
            from         => header( $head, 'From' ),
            subject      => header( $head, 'Subject' ),
            date         => header( $head, 'Date' ),
            'message-id' => $id,
            ticket       => defined $ticket ? $ticket + 0 : undef,
            body         => text_of( $entity, 'text/plain' ) // text_of( $entity, 'text/html' ) // '',
        } ];
    }
}
@mails = map { $_->[1] } sort { $a->[0] <=> $b->[0] } @mails;
@mails = grep { grep { lc eq lc $address } map { @{ $_ } } @{$_}{qw(to cc bcc)} } @mails if length $address;
print JSON::PP->new->utf8->canonical->pretty->encode( \@mails );
