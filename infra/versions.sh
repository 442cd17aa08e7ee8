# shellcheck shell=bash
# Versions of the functions: a deploy that changes something publishes one of each. `live` and `previous` are
# aliases, names for one of them: `live` is what is called, and a roll back makes it what `previous` is. (for deploy.sh)

# The one that takes webhooks comes last: while it is not moved, a roll back that broke off is not done.
FUNCTIONS=(authorizer poller redrive handler)
# How many versions of a function are kept; a region has 75 GB for the code of all.
KEPT=5

# Adds the parameter Revision, which names the versions. The stack's own stays where nothing changes: neither
# template nor package, nor a parameter, nor what is live. Any other is new, even where it brings back what there
# was before: Lambda publishes no version of a function that is as its last version is.
revision() {
  local content parameters word live=''
  content=$({ cat "$OUT/template.yml"; digest "$OUT/package.zip"; } |
    python3 -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest()[:12])')
  parameters=$(stack_parameters)
  # The versions before this deploy, which is empty where it publishes none or the first ones.
  before=
  revision=$(printf '%s\n' "$parameters" | awk -F'\t' '$1 == "Revision" { print $2 }')
  case $revision in *-"$content") ;; *) revision= ;; esac
  for word in "${overrides[@]}"; do
    # With -q it would end before the rest is written, and that fails the line.
    printf '%s\n' "$parameters" | grep -xF "${word%%=*}$(printf '\t')${word#*=}" >/dev/null || revision=
  done
  [ -z "$revision" ] || live=$(of_function handler get-function-configuration --qualifier live --query Description)
  if [ -z "$revision" ] || [ "$live" != "$revision" ]; then
    revision=$(date -u +%Y%m%dT%H%M%SZ)-$content
    [ -z "$parameters" ] || before=$(aliases)
  fi
  override "Revision=$revision"
}

# The stack's parameters as NAME<tab>VALUE lines; nothing if there is no such stack.
stack_parameters() {
  local status
  status=$(stack_status) || return 1
  case $status in "" | REVIEW_IN_PROGRESS | ROLLBACK_COMPLETE) return ;; esac
  aws_ cloudformation describe-stacks --stack-name "$stack" \
    --query 'Stacks[0].Parameters[].[ParameterKey,ParameterValue]' --output text
}

# of_function NAME COMMAND ARGUMENT…: what Lambda says; nothing if there is no such function or alias.
of_function() {
  local answer errors
  errors=$(mktemp)
  if answer=$(aws_ lambda "$2" --function-name "$stack-$1" "${@:3}" --output text 2>"$errors"); then
    printf '%s' "$answer"
  elif ! grep -q ResourceNotFoundException "$errors"; then
    cat "$errors" >&2
    rm "$errors"
    die "AWS does not say what is live of $stack-$1"
  fi
  rm "$errors"
}

# Of each function that there is, its name and the versions that `live` and `previous` are, a line each; None where
# there is none. Not every front has an authorizer.
aliases() {
  local name found
  for name in "${FUNCTIONS[@]}"; do
    found=$(of_function "$name" list-aliases \
      --query "[Aliases[?Name=='live'].FunctionVersion | [0], Aliases[?Name=='previous'].FunctionVersion | [0]]") || return 1
    # Words of one line, whatever the CLI puts between them.
    [ -z "$found" ] || printf '%s %s\n' "$name" "$(printf '%s' "$found" | tr '\n\t' '  ')"
  done
}

# point FUNCTION ALIAS VERSION COMMAND: COMMAND is update-alias or create-alias.
point() {
  aws_ lambda "$4" --function-name "$stack-$1" --name "$2" --function-version "$3" >/dev/null
}

# stand ALIASES: after a deploy that failed, `live` is again what it was before. CloudFormation puts it back to the
# version of its last deploy: it knows nothing of a roll back since, which left that version. `previous` never moved.
stand() {
  local now name live previous
  now=$(aliases) || now=
  while read -r name live previous; do
    [ -n "$live" ] && [ "$live" != None ] || continue
    case $'\n'$now in *$'\n'"$name $live "*) continue ;; esac
    # One that cannot be moved holds up no other.
    if point "$name" live "$live" update-alias; then
      say "live of $stack-$name is again the version $live, as before this deploy"
    else
      say "live of $stack-$name is not the version $live any more, as it was before this deploy"
    fi
  done <<<"$1"
}

# After a deploy that published versions: `previous` is what was live, and versions go that nobody goes back to.
remember() {
  local name live previous command
  while read -r name live previous; do
    [ -n "$live" ] && [ "$live" != None ] || continue
    command=update-alias
    [ "$previous" != None ] || command=create-alias
    point "$name" previous "$live" "$command"
    [ "$live" -lt "$KEPT" ] || prune "$name" "$live"
  done <<<"$before"
}

# prune FUNCTION VERSION: deletes what is older than the newest, but for VERSION. What fails can wait.
prune() {
  local number
  for number in $(of_function "$1" list-versions-by-function --query "Versions[?Version!='\$LATEST'].[Version]" |
    sort -rn | tail -n "+$((KEPT + 1))"); do
    [ "$number" != "$2" ] || continue
    aws_ lambda delete-function --function-name "$stack-$1" --qualifier "$number" >/dev/null ||
      say "the version $number of $stack-$1 is still there"
  done
}

step_rollback() {
  cloud
  local found name live previous back
  found=$(aliases)
  [ -n "$found" ] || die "the stack $stack is not there"
  # All of them have one, or none moves.
  while read -r name live previous; do
    [ "$previous" != None ] || die "$stack-$name has no version before the one that is live: deploy the commit before"
  done <<<"$found"
  while read -r name live previous; do
    point "$name" live "$previous" update-alias
  done <<<"$found"
  back=$(of_function handler get-function-configuration --qualifier live --query Description)
  say "live is $back: the functions' code, source files and variables. Schedules, permissions and alarms are as the last deploy left them; the next one goes forward again."
}
