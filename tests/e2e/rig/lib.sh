# Functions and variables that the scripts of this folder share; to be sourced.
# shellcheck shell=bash disable=SC2034
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
RT_PORT=${RT_PORT:-18080}
REDMINE_PORT=${REDMINE_PORT:-18081}
cache=${RIG_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/bascule-rig}

die() { echo "$(basename "$0"): $*" >&2; exit 1; }

# state_dir [DIR]: sets $dir, the absolute path of the rig's folder
state_dir() {
    dir=${1:-${RIG_DIR:-$PWD/.rig}}
    case $dir in /*) ;; *) dir=$PWD/$dir ;; esac
}

# bundler_version: that of Debian's own package. Security updates of ruby3.1 bring a
# newer Bundler without Debian's patch, which takes every gem that Debian installs
# without a folder of its own for a deleted one ("Could not find NAME.gem for
# installation"); RubyGems prefers it unless BUNDLER_VERSION names the other.
bundler_version() {
    local version
    version=$(dpkg-query -W -f '${Version}' ruby-bundler 2>/dev/null) || return 0
    echo "${version%%-*}"
}

# sql DATABASE: runs the SQL on stdin, in one transaction and beside running servers
sql() {
    [ -f "$1" ] || die "no trackers in $dir"
    { echo "begin immediate;"; cat; echo "commit;"; } | sqlite3 -bail -batch -cmd '.timeout 30000' "$1"
}
# report: passes its input on; none means that what was to be changed is not there
report() { grep . || die "nothing found in $dir: not the seed?"; }

# copy DATABASE SQL FROM TO WANT: makes WANT copies of the records with ids FROM to TO
copy() {
    [ "$5" -gt 0 ] || return 0
    sqlite3 -bail -cmd '.timeout 30000' -cmd ".param set @from $3" -cmd ".param set @to $4" -cmd ".param set @want $5" \
        "$1" <"$2"
}

# environments: sets the arrays rt_env and redmine_env, commands that run another one
# for the rig in $dir. They begin with an empty environment, so that nothing the
# caller has set for Ruby, Perl or RT reaches the trackers.
environments() {
    local clean=(env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="$dir/home" LANG=C.UTF-8 TZ="${RIG_TZ:-UTC}")
    rt_env=("${clean[@]}" RT_RIG_DIR="$dir/rt" RT_PORT="$RT_PORT" RT_TZ="${RIG_TZ:-UTC}"
        RT_USER_TZ="${RT_USER_TZ:-}" RT_BCRYPT_COST="${RT_BCRYPT_COST:-4}" RT_LOG="${RT_LOG:-warning}"
        RT_SITE_CONFIG="$here/rt/RT_SiteConfig.pm" RT_SITE_CONFIG_DIR=/dev/null)
    redmine_env=("${clean[@]}" RAILS_ENV=production REDMINE_INSTANCE=default
        REDMINE_DB="$dir/redmine.sqlite3" REDMINE_KEYS="$dir/redmine.keys"
        REDMINE_PORT="$REDMINE_PORT" REDMINE_WORKERS="${REDMINE_WORKERS:-3}" REDMINE_USER_TZ="${REDMINE_USER_TZ:-}"
        BUNDLE_GEMFILE="$dir/redmine/Gemfile" BUNDLE_SILENCE_ROOT_WARNING=1
        BUNDLER_VERSION="$(bundler_version)")
}

# starttime PID: when the kernel started the process; with the pid it names one for
# ever, even if the pid is used again. Empty if the process is gone or a zombie
starttime() {
    local line
    { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 0
    read -r -a line <<<"${line##*) }"
    [ "${line[0]}" = Z ] || echo "${line[19]}"
}

# alive FILE: does the process of this pid file still run?
alive() {
    local pid start
    [ -f "$1" ] && read -r pid start <"$1" && [ -n "$start" ] && [ "$(starttime "$pid")" = "$start" ]
}

# background NAME COMMAND...: starts a server in a session of its own, so that it
# outlives its caller and its whole group can be signalled
background() {
    local name=$1 pid
    shift
    setsid "$@" >>"$dir/$name.log" 2>&1 </dev/null &
    pid=$!
    echo "$pid $(starttime "$pid")" >"$dir/$name.pid"
}

# wait_for COMMAND...: tries it for up to 5 s until it succeeds
wait_for() {
    local i
    for ((i = 0; i < 50; i++)); do
        if "$@"; then return 0; fi
        sleep 0.1
    done
    return 1
}
ended() { ! alive "$1"; }
group_gone() { ! kill -0 -- "-$1" 2>/dev/null; }
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# end NAME...: ends these servers (rt, redmine) with all their workers
end() {
    local name pid _
    for name; do
        alive "$dir/$name.pid" || continue
        read -r pid _ <"$dir/$name.pid"
        kill -TERM "$pid" 2>/dev/null || true
        kill -CONT -- "-$pid" 2>/dev/null || true   # a stopped one could not obey
    done
    for name; do
        [ -f "$dir/$name.pid" ] || continue
        read -r pid _ <"$dir/$name.pid"
        # what is still there after 5 s, and workers that have lost their master
        if ! wait_for ended "$dir/$name.pid" || [ -z "$(starttime "$pid")" ]; then
            kill -KILL -- "-$pid" 2>/dev/null || true
            wait_for group_gone "$pid" || true
        fi
        rm -f "$dir/$name.pid"
    done
}
