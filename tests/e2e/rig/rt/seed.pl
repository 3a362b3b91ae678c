# The seed in the form of RT's initialdata, inserted once (see make_template in start).
# Writes the API tokens to $RT_RIG_DIR/tokens as assignments for a shell.

our @Users = (
    { Name => 'bridge', RealName => 'Incident-defect bridge', EmailAddress => 'bridge@rig.example',
      Password => 'bridge-pw', Privileged => 1, Timezone => $ENV{RT_USER_TZ} || '' },
    { Name => 'agent', RealName => 'Ada Agent', EmailAddress => 'agent@rig.example',
      Password => 'agent-pw', Privileged => 1 },
    { Name => 'outsider', RealName => 'Olga Outsider', EmailAddress => 'outsider@rig.example',
      Password => 'outsider-pw', Privileged => 1 },               # no rights at all: for 403 tests
    { Name => 'alice', RealName => 'Alice Requester', EmailAddress => 'alice@customer.example',
      Password => 'alice-pw', Privileged => 0 },
    { Name => 'bob', RealName => 'Bob Requester', EmailAddress => 'bob@customer.example',
      Password => 'bob-pw', Privileged => 0 },
);

our @Queues = (
    { Name => 'Incidents', Description => 'Service incidents', Lifecycle => 'incidents',
      CorrespondAddress => 'incidents@rig.example', CommentAddress => 'incidents-comment@rig.example' },
    { Name => 'Requests', Description => 'A second queue the bridge must not touch', Lifecycle => 'default' },
);

our @CustomFields = map { {
    Name => $_->[0], Description => $_->[1], Type => $_->[2], MaxValues => 1,
    LookupType => 'RT::Queue-RT::Ticket', Queue => 'Incidents',
    $_->[3] ? ( Values => [ map { { Name => $_ } } @{ $_->[3] } ] ) : (),
} } (
    [ 'Problem',     'Problem record this incident belongs to', 'Freeform' ],
    [ 'Known Error', 'Known error record and its workaround',   'Freeform' ],
    [ 'Defect',      'Defect number or URL in the tracker',     'Freeform' ],
    [ 'Impact',      'Business impact',                         'Select', [qw(low medium high critical)] ],
    [ 'Service',     'Affected service',                        'Freeform' ],
    [ 'Outcome',     'Why it is closed',                        'Freeform' ],
);

our @ACL = (
    ( map { { UserId => 'bridge', Queue => 'Incidents', Right => $_ } } qw(
        SeeQueue ShowTicket ShowTicketComments ShowOutgoingEmail CreateTicket ModifyTicket
        CommentOnTicket ReplyToTicket SeeCustomField ModifyCustomField ) ),
    ( map { my $q = $_; map { { UserId => 'agent', Queue => $q, Right => $_ } } qw(
        SeeQueue ShowTicket ShowTicketComments CreateTicket ModifyTicket CommentOnTicket
        ReplyToTicket SeeCustomField ModifyCustomField OwnTicket TakeTicket DeleteTicket ) }
        qw(Incidents Requests) ),
    ( map { { GroupDomain => 'SystemInternal', GroupType => 'Everyone', Queue => 'Incidents', Right => $_ } }
        qw(CreateTicket ReplyToTicket) ),
);

our @Final = ( sub {
    open my $out, '>', "$ENV{RT_RIG_DIR}/tokens" or die "tokens: $!";
    my %var = ( bridge => 'RT_TOKEN', agent => 'RT_AGENT_TOKEN', outsider => 'RT_OUTSIDER_TOKEN', root => 'RT_ROOT_TOKEN' );
    for my $name ( sort keys %var ) {
        my $user = RT::User->new( RT->SystemUser );
        $user->Load($name);
        my ( $id, $msg, $auth ) = RT::AuthToken->new( RT->SystemUser )
            ->Create( Owner => $user->id, Description => 'test rig' );
        die "token of $name: $msg" unless $id;
        print $out "$var{$name}=$auth\n";
    }
    close $out or die;
} );

1;
