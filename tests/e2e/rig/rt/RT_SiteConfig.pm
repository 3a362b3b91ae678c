# RT's settings in the rig. What varies comes in the environment (see lib.sh), and
# nothing of the package's own below /etc and /var is read.
my $dir  = $ENV{RT_RIG_DIR} or die "RT_RIG_DIR is not set\n";
my $port = $ENV{RT_PORT} || 18080;

$RT::VarPath         = "$dir/var";
$RT::MasonDataDir    = "$dir/var/mason_data";
$RT::MasonSessionDir = "$dir/var/session_data";

Set($rtname, 'rig');
Set($Organization, 'rig.example');            # part of every stored link URI: keep it constant
Set($Timezone, $ENV{RT_TZ} || 'UTC');         # TicketSQL dates are read in the user's zone, else in this one
Set($CorrespondAddress, 'incidents@rig.example');
Set($CommentAddress, 'incidents-comment@rig.example');
Set($WebDomain, '127.0.0.1');
Set($WebPort, $port);
Set($WebPath, '');
Set($CanonicalizeRedirectURLs, 0);

Set($DatabaseType, 'SQLite');
Set($DatabaseName, "$dir/rt.sqlite3");
Set($DatabaseUser, '');
Set($DatabasePassword, '');

Set($MailCommand, 'mbox');                    # no mail leaves: it lands in var/*.mbox
Set($HTMLFormatter, 'core');
Set($LogToSyslog, undef);
Set($LogToSTDERR, $ENV{RT_LOG} || 'warning'); # start redirects it to rt.log

# RT checks a token with bcrypt at every request. Its own cost of 12 makes that a
# fifth of a second; 4 is the least and nearly free.
Set($BcryptCost, $ENV{RT_BCRYPT_COST} || 4);

Set(%Lifecycles, incidents => {
    initial  => ['new'],
    active   => [qw(open stalled)],
    inactive => [qw(resolved closed-unresolved rejected deleted)],
    defaults => {
        on_create => 'new', approved => 'open', denied => 'rejected',
        reminder_on_open => 'open', reminder_on_resolve => 'resolved',
    },
    transitions => {
        ''       => [qw(new open resolved)],
        new      => [qw(    open stalled resolved closed-unresolved rejected deleted)],
        open     => [qw(new      stalled resolved closed-unresolved rejected deleted)],
        stalled  => [qw(new open         resolved closed-unresolved rejected deleted)],
        # reopen first: no direct way from one closed status to another, but for
        # closed-unresolved -> resolved (the defect was fixed after all)
        resolved            => [qw(open deleted)],
        'closed-unresolved' => [qw(open resolved deleted)],
        rejected            => [qw(open deleted)],
        deleted             => [qw(open)],
    },
    rights  => { '* -> deleted' => 'DeleteTicket', '* -> *' => 'ModifyTicket' },
    actions => [
        '* -> resolved'          => { label => 'Resolve', update => 'Comment' },
        '* -> closed-unresolved' => { label => 'Close unresolved', update => 'Comment' },
        '* -> open'              => { label => 'Open' },
    ],
},
# so that a ticket can be moved between this queue's lifecycle and the default one
__maps__ => {
    'default -> incidents' => { map { $_ => $_ } qw(new open stalled resolved rejected deleted) },
    'incidents -> default' => {
        'closed-unresolved' => 'resolved',
        map { $_ => $_ } qw(new open stalled resolved rejected deleted) },
});

1;
