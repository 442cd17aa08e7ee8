#!/usr/bin/env bash
# Deploys the source files of a folder as one stack: by hand, in CodeBuild, and on an emulator.
#
# Steps run in the order in which they are named; `infra/deploy.sh --help` lists them. Everything is
# read from the environment, so that the buildspec, a stage's file and a person say it the same way.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
  cat <<'END'
usage: infra/deploy.sh [--bootstrap FILE] [STEP…]        by default: check test build package deploy redrive outputs

steps
  mef        the command `mef` with AWS, as OUT/mef: the other steps use it, and so can you
  check      every source file is free of errors
  test       every source file's test events give what is expected
  build      the functions' binary: released, kept of this commit, or built
  package    checks that Lambda can run the binary, renders the template and makes the zip; nothing in it
             depends on the time
  plan       shows what a deploy would change, and changes nothing
  deploy     uploads the zip and deploys the stack
  adopt      as deploy, for a new stack around the queues and the table that a deleted one left, and around
             its bucket if BUCKET_NAME names it
  redrive    runs the refused records through the source files that are now deployed
  rollback   makes the version of the functions before the live one live again; nothing is built or deployed
  outputs    prints the stack's outputs: URLs, queues, names
  delete     deletes the stack; queues, table and bucket stay
  purge      deletes what a deleted stack left; PURGE must be set to the stack's name

environment
  PROJECT, SERVICE, STAGE   the parts of every name; the stack is PROJECT-SERVICE-STAGE
  API_PATH                  the path before the source's name (default: none)
  SOURCES                   the folder of source files (default: sources)
  PARAMETERS, FIXED_PARAMETERS
                            further parameters of infra/app.yml, such as "ApiType=REST LogRetentionDays=30"; the fixed ones win
  ARTIFACT_BUCKET           the bucket for packages (default: that of the stack mef-artifacts, which is made if it is not there)
  BUCKET_OWNER              the account whose buckets are used; S3 refuses those of any other (default: your own)
  BINARY_BUCKET             a bucket that keeps binaries by commit, so that a change of configuration compiles nothing
  FRAMEWORK_COMMIT          the framework's commit (default: a digest of its code)
  ARCHITECTURE              arm64 or x86_64 (default: this machine's)
  MEF_RELEASE, MEF_RELEASE_URL, MEF_RELEASE_SHA256
                            take the binaries of this release, which needs no Rust: its version, the address below which
                            its files are, and the SHA-256 of its file SHA256SUMS
  MEF_BUILD                 zig, which builds for Lambda's glibc on any machine (default), or native
  MEF_BIN                   the command `mef` (default: released or built)
  MEF_BUILD_PROFILE         cargo's profile for the functions (default: lambda)
  OUT                       where template and package are written (default: target/deploy)
  CLOUDFORMATION_ROLE_ARN   the role that CloudFormation takes (default: your own permissions)
  AWS_ENDPOINT_URL          an emulator
END
}

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }
need() { command -v "$1" >/dev/null 2>&1 || die "$1 is missing: $2"; }

steps=()
bootstrap=
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --bootstrap) [ $# -ge 2 ] || die "--bootstrap needs a file"; bootstrap=$2; shift 2 ;;
    -*) usage >&2; exit 2 ;;
    *) steps+=("$1"); shift ;;
  esac
done
[ ${#steps[@]} -gt 0 ] || steps=(check test build package deploy redrive outputs)
for step in "${steps[@]}"; do
  case $step in
    mef | check | test | build | package | plan | deploy | adopt | redrive | rollback | outputs | delete | purge) ;;
    *) say "error: there is no step $step"; usage >&2; exit 2 ;;
  esac
done

OUT=${OUT:-$root/target/deploy}
SOURCES=${SOURCES:-sources}
API_PATH=${API_PATH:-}
MEF_BUILD_PROFILE=${MEF_BUILD_PROFILE:-lambda}
# shellcheck source=infra/binaries.sh
. "$root/infra/binaries.sh"
# shellcheck source=infra/versions.sh
. "$root/infra/versions.sh"
ARCHITECTURE=$(machine "${ARCHITECTURE:-$(uname -m)}")

# --- what the steps share ------------------------------------------------------------------------

# Version 1 of the AWS CLI does not read AWS_ENDPOINT_URL for every service.
aws_() {
  if [ -n "${AWS_ENDPOINT_URL:-}" ]; then
    aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"
  else
    aws "$@"
  fi
}

names() {
  local missing=() name
  for name in PROJECT SERVICE STAGE; do
    [ -n "${!name:-}" ] || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] || die "not set: ${missing[*]} (see infra/deploy.sh --help)"
  stack=$PROJECT-$SERVICE-$STAGE
}

cloud() {
  names
  need aws "install the AWS CLI, https://aws.amazon.com/cli/"
  region=${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region || true)}}
  [ -n "$region" ] || die "no region: set AWS_REGION"
  export AWS_REGION=$region AWS_DEFAULT_REGION=$region
  export AWS_PAGER=
}

# s3_ COMMAND BUCKET ARGUMENT…: S3 refuses the request if the bucket belongs to another account, which may
# have taken the name before us.
s3_() {
  local command=$1 bucket=$2
  shift 2
  [ -n "${BUCKET_OWNER:-}" ] || BUCKET_OWNER=$(aws_ sts get-caller-identity --query Account --output text) ||
    die "no credentials for AWS, or no permission"
  aws_ s3api "$command" --bucket "$bucket" --expected-bucket-owner "$BUCKET_OWNER" "$@"
}

mef_() {
  if [ -z "${MEF_BIN:-}" ]; then
    binary mef release "$OUT/mef"
    MEF_BIN=$OUT/mef
  fi
  "$MEF_BIN" "$@"
}

digest() { python3 -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$1"; }

sources() {
  [ -d "$SOURCES" ] || die "there is no folder $SOURCES: set SOURCES to the folder of your source files"
}

# The bucket's name is CloudFormation's, so that nobody can have taken it.
artifact_bucket() {
  [ -z "${ARTIFACT_BUCKET:-}" ] || return 0
  [ -z "${CLOUDFORMATION_ROLE_ARN:-}" ] ||
    die "CLOUDFORMATION_ROLE_ARN reads packages in the pipeline's bucket only: set ARTIFACT_BUCKET to the pipeline's output PackageBucketName"
  local stack=mef-artifacts status tls=true
  status=$(stack_status)
  case $status in
    "" | REVIEW_IN_PROGRESS)
      say "making the stack $stack with a bucket for packages"
      case ${AWS_ENDPOINT_URL:-} in http:*) tls=false ;; esac
      aws_ cloudformation deploy --stack-name "$stack" --template-file "$root/infra/artifacts.yml" \
        --parameter-overrides "RequireTls=$tls" >&2 || { why; die "the stack $stack is not made" ; } ;;
  esac
  ARTIFACT_BUCKET=$(output BucketName)
  [ -n "$ARTIFACT_BUCKET" ] || die "the stack $stack, which keeps packages, is $status and has no bucket: delete it, or set ARTIFACT_BUCKET"
}

output() { # KEY: one of the stack's outputs; nothing if there is none
  local value
  value=$(aws_ cloudformation describe-stacks --stack-name "$stack" \
    --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue | [0]" --output text)
  [ "$value" = None ] || printf '%s' "$value"
}

# The stack's status; nothing if there is no such stack. An answer that says neither is an error, which
# ends only the subshell it is asked in: assign it first, since a test of `$(…)` takes it for nothing.
stack_status() {
  local answer
  if answer=$(aws_ cloudformation describe-stacks --stack-name "$stack" --query 'Stacks[0].StackStatus' --output text 2>&1); then
    printf '%s' "$answer"
  else
    case $answer in
      *"does not exist"*) ;;
      *) die "$answer" ;;
    esac
  fi
}

# The status at which the stack comes to rest. The CLI's own waiters look only twice a minute.
settled() {
  local status
  while true; do
    status=$(stack_status) || return 1
    case $status in
      *_IN_PROGRESS) sleep 3 ;;
      *) printf '%s' "$status"; return ;;
    esac
  done
}

# --- steps ---------------------------------------------------------------------------------------

step_mef() {
  binary mef release "$OUT/mef"
  say "$OUT/mef is there"
}

step_check() { sources; mef_ check "$SOURCES" >&2; }

step_test() { sources; mef_ test "$SOURCES"; }

step_build() {
  mkdir -p "$OUT/package"
  if [ -n "$bootstrap" ]; then
    [ -f "$bootstrap" ] || die "there is no file $bootstrap"
    install -m 755 "$bootstrap" "$OUT/package/bootstrap"
    return
  fi
  binary bootstrap "$MEF_BUILD_PROFILE" "$OUT/package/bootstrap"
}

# runnable FILE ARGUMENT…: Lambda can run the binary, or nothing is uploaded. An emulator runs it here.
runnable() {
  python3 "$root/infra/runnable.py" "${architecture:-$ARCHITECTURE}" "$@" ${AWS_ENDPOINT_URL:+--emulator} ||
    die "nothing is uploaded"
}

step_package() {
  sources
  # Warnings that only one kind of front needs are about this one; where nobody says it, about each.
  local word api=()
  for word in ${PARAMETERS:-} ${FIXED_PARAMETERS:-}; do
    case $word in ApiType=?*) api=(--api-type "${word#*=}") ;; esac
  done
  mef_ render "$SOURCES" --template "$root/infra/app.yml" --out "$OUT" ${api[@]+"${api[@]}"}
  [ -f "$OUT/package/bootstrap" ] || die "there is no $OUT/package/bootstrap: run the step build, or name a binary with --bootstrap"
  need python3 "install Python 3"
  runnable "$OUT/package/bootstrap"
  # zip(1) writes times, and files in the folder's order; an unchanged package must be the same file.
  python3 "$root/infra/package.py" "$OUT/package" "$OUT/package.zip"
  say "$OUT/package.zip: $(wc -c <"$OUT/package.zip" | tr -d ' ') bytes"
}

# override KEY=VALUE: the last one of a key counts.
override() {
  local kept=() word
  for word in "${overrides[@]}"; do
    [ "${word%%=*}" = "${1%%=*}" ] || kept+=("$word")
  done
  overrides=("${kept[@]}" "$1")
}

# What the stack is deployed with, as KEY=VALUE lines in `overrides`.
parameters() {
  [ -f "$OUT/template.yml" ] && [ -f "$OUT/package.zip" ] || die "nothing is packaged in $OUT: run the steps build and package"
  artifact_bucket
  code_key=$stack/$(digest "$OUT/package.zip").zip
  overrides=("Project=$PROJECT" "Service=$SERVICE" "Stage=$STAGE" "ApiPath=$API_PATH"
    "Architecture=$ARCHITECTURE" "CodeBucket=$ARTIFACT_BUCKET" "CodeKey=$code_key")
  local word
  for word in ${PARAMETERS:-} ${FIXED_PARAMETERS:-}; do
    case $word in
      *=*) override "$word" ;;
      *) die "PARAMETERS has $word, which is not KEY=VALUE" ;;
    esac
  done
  tags=("Key=Project,Value=$PROJECT" "Key=Service,Value=$SERVICE" "Key=Stage,Value=$STAGE")
  local architecture
  architecture=$(printf '%s\n' "${overrides[@]}" | awk -F= '$1 == "Architecture" { print $2 }')
  revision
  runnable "$OUT/package.zip" --loads
  role=()
  [ -z "${CLOUDFORMATION_ROLE_ARN:-}" ] || role=(--role-arn "$CLOUDFORMATION_ROLE_ARN")
}

upload() {
  if ! s3_ head-object "$ARTIFACT_BUCKET" --key "$code_key" >/dev/null 2>&1; then
    s3_ put-object "$ARTIFACT_BUCKET" --key "$code_key" --body "$OUT/package.zip" >/dev/null
  fi
}

# A stack whose creation failed can only be deleted; what it made went with it.
clear_failed_creation() {
  local status
  status=$(stack_status)
  if [ "$status" = ROLLBACK_COMPLETE ]; then
    say "the creation of $stack had failed: deleting what is left of it"
    aws_ cloudformation delete-stack --stack-name "$stack" ${role[@]+"${role[@]}"}
    status=$(settled)
    [ -z "$status" ] || { why; die "what is left of $stack cannot be deleted"; }
  fi
}

# change_set TYPE TEMPLATE ARGUMENT…: makes the change set `change` and waits for it; false if nothing changes.
change_set() {
  local type=$1 file=$2 template status reason
  shift 2
  template=$stack/$(digest "$file").yml
  s3_ put-object "$ARTIFACT_BUCKET" --key "$template" --body "$file" >/dev/null
  local keys=() word
  for word in "${overrides[@]}"; do
    keys+=("ParameterKey=${word%%=*},ParameterValue=\"${word#*=}\"")
  done
  for word in $(kept_parameters "$type" "$file"); do
    keys+=("ParameterKey=$word,UsePreviousValue=true")
  done
  change=$(aws_ cloudformation create-change-set --stack-name "$stack" --change-set-name "mef-$(date +%s)-$$" \
    --change-set-type "$type" --template-url "$(template_url "$template")" --capabilities CAPABILITY_IAM \
    --parameters "${keys[@]}" \
    ${role[@]+"${role[@]}"} "$@" --query Id --output text)
  while true; do
    status=$(aws_ cloudformation describe-change-set --change-set-name "$change" --stack-name "$stack" --query Status --output text)
    case $status in
      CREATE_COMPLETE) return 0 ;;
      CREATE_PENDING | CREATE_IN_PROGRESS) sleep 3 ;;
      *) break ;;
    esac
  done
  reason=$(aws_ cloudformation describe-change-set --change-set-name "$change" --stack-name "$stack" --query StatusReason --output text)
  case $status:$reason in
    FAILED:*"didn't contain changes"* | FAILED:*"No updates"*)
      aws_ cloudformation delete-change-set --change-set-name "$change" --stack-name "$stack"
      return 1 ;;
    *) die "CloudFormation refuses the change: $reason" ;;
  esac
}

# kept_parameters TYPE TEMPLATE: those that the stack has and nobody sets now. Without a word about them
# CloudFormation would go back to the template's defaults.
kept_parameters() {
  [ "$1" = UPDATE ] || return 0
  local before name word
  before=" $(aws_ cloudformation describe-stacks --stack-name "$stack" --query 'Stacks[0].Parameters[].ParameterKey' --output text | tr '\t' ' ') "
  while read -r name; do
    case $before in *" $name "*) ;; *) continue ;; esac
    for word in "${overrides[@]}"; do
      [ "${word%%=*}" != "$name" ] || continue 2
    done
    printf '%s\n' "$name"
  done < <(sed -n '/^Parameters:/,/^Rules:/s/^  \([A-Za-z0-9]*\):.*/\1/p' "$2")
}

# What the change set is to the stack: CREATE or UPDATE.
change_type() {
  local status
  status=$(stack_status) || return 1
  case $status in "" | REVIEW_IN_PROGRESS | ROLLBACK_COMPLETE) echo CREATE ;; *) echo UPDATE ;; esac
}

template_url() {
  if [ -n "${AWS_ENDPOINT_URL:-}" ]; then
    printf '%s/%s/%s' "${AWS_ENDPOINT_URL%/}" "$ARTIFACT_BUCKET" "$1"
  else
    printf 'https://%s.s3.%s.amazonaws.com%s/%s' "$ARTIFACT_BUCKET" "$region" "$(case $region in cn-*) echo .cn ;; esac)" "$1"
  fi
}

step_plan() {
  cloud
  parameters
  upload
  local type
  type=$(change_type)
  if [ "$type" = CREATE ]; then
    say "the stack $stack is not there yet: a deploy makes all of it"
    return
  fi
  if change_set "$type" "$OUT/template.yml" --tags "${tags[@]}"; then
    aws_ cloudformation describe-change-set --change-set-name "$change" --stack-name "$stack" \
      --query 'Changes[].ResourceChange.[Action,Replacement,ResourceType,LogicalResourceId]' --output text
    aws_ cloudformation delete-change-set --change-set-name "$change" --stack-name "$stack"
  else
    say "nothing changes"
  fi
}

step_deploy() {
  cloud
  parameters
  upload
  clear_failed_creation
  local type status stood
  type=$(change_type)
  if change_set "$type" "$OUT/template.yml" --tags "${tags[@]}"; then
    # Known already, where this deploy publishes versions.
    stood=$before
    [ -n "$stood" ] || [ "$type" = CREATE ] || stood=$(aliases)
    aws_ cloudformation execute-change-set --change-set-name "$change" --stack-name "$stack"
    status=$(settled)
    case $status in
      CREATE_COMPLETE | UPDATE_COMPLETE) say "$stack is deployed" ;;
      *) why; stand "$stood"; die "$stack is not deployed: $status" ;;
    esac
  else
    say "no changes to deploy: $stack is as it should be"
  fi
  snapshot
  remember
}

step_adopt() {
  cloud
  [ -z "${BUCKET_NAME:-}" ] || PARAMETERS="${PARAMETERS:-} BucketName=$BUCKET_NAME"
  parameters
  upload
  clear_failed_creation
  local url kept status
  status=$(stack_status)
  [ -z "$status" ] || die "the stack $stack is there: use deploy"
  url=$(aws_ sqs get-queue-url --queue-name "$stack" --query QueueUrl --output text) || die "there is no queue $stack: use deploy"
  kept=$(python3 "$root/infra/kept.py" "$OUT/template.yml" "$OUT/kept.yml" "$stack" "$url" "${BUCKET_NAME:-}")
  change_set IMPORT "$OUT/kept.yml" --resources-to-import "$kept"
  aws_ cloudformation execute-change-set --change-set-name "$change" --stack-name "$stack"
  status=$(settled)
  [ "$status" = IMPORT_COMPLETE ] || { why; die "$stack is not made around what was kept"; }
  step_deploy
}

# The first thing that failed is the cause; the rest was cancelled.
why() {
  aws_ cloudformation describe-stack-events --stack-name "$stack" --output text \
    --query "StackEvents[?ends_with(ResourceStatus, '_FAILED')].[Timestamp,LogicalResourceId,ResourceStatusReason]" 2>/dev/null |
    sort | head -n 5 >&2 || true
}

# A REST API's deployment is a snapshot that CloudFormation takes once.
snapshot() {
  local api
  api=$(output RestApiId)
  [ -z "$api" ] || aws_ apigateway create-deployment --rest-api-id "$api" --stage-name "$STAGE" >/dev/null
}

step_redrive() {
  cloud
  local function answer event
  function=$(output RedriveFunctionName)
  [ -n "$function" ] || die "the stack $stack is not there"
  answer=$(mktemp)
  # Version 2 of the AWS CLI takes a payload on the command line for base64, and a file's as it is.
  event=$(mktemp)
  printf '{}' >"$event"
  local failed again=true
  while [ "$again" = true ]; do
    failed=$(aws_ lambda invoke --function-name "$function" --qualifier live --payload "fileb://$event" --cli-read-timeout 900 \
      --query FunctionError --output text "$answer")
    say "redrive: $(cat "$answer")"
    [ "$failed" = None ] || die "the redrive failed; what it had not moved is still in the queue $stack-rejected"
    # One call has a quarter of an hour. Where nothing passes in one, the next would go no further.
    case $(cat "$answer") in
      *'"redriven":0,'*'"unfinished":true'*)
        say "redrive: nothing passed; what is left is in the queue $stack-rejected"
        again=false ;;
      *'"unfinished":true'*) ;;
      *) again=false ;;
    esac
  done
  rm -f "$answer" "$event"
}

step_outputs() {
  cloud
  aws_ cloudformation describe-stacks --stack-name "$stack" \
    --query 'sort_by(Stacks[0].Outputs, &OutputKey)[].[OutputKey,OutputValue]' --output text
}

step_delete() {
  cloud
  role=()
  [ -z "${CLOUDFORMATION_ROLE_ARN:-}" ] || role=(--role-arn "$CLOUDFORMATION_ROLE_ARN")
  local bucket status
  status=$(stack_status)
  [ -n "$status" ] || die "the stack $stack is not there"
  bucket=$(output BucketName)
  aws_ cloudformation delete-stack --stack-name "$stack" ${role[@]+"${role[@]}"}
  status=$(settled)
  [ -z "$status" ] || { why; die "$stack is not deleted"; }
  say "deleted: $stack. Kept: the queues $stack, $stack-DLQ and $stack-rejected, the table $stack, the bucket $bucket."
}

step_purge() {
  cloud
  [ "${PURGE:-}" = "$stack" ] || die "this deletes every queued event, refused record and cursor: set PURGE=$stack, and BUCKET_NAME if its bucket is to go"
  local queue url status
  status=$(stack_status)
  [ -z "$status" ] || die "the stack $stack is still there: delete it first"
  for queue in "$stack" "$stack-DLQ" "$stack-rejected"; do
    if url=$(aws_ sqs get-queue-url --queue-name "$queue" --query QueueUrl --output text 2>/dev/null); then
      aws_ sqs delete-queue --queue-url "$url"
      say "deleted: the queue $queue"
    fi
  done
  if aws_ dynamodb describe-table --table-name "$stack" >/dev/null 2>&1; then
    aws_ dynamodb delete-table --table-name "$stack" >/dev/null
    say "deleted: the table $stack"
  fi
  if [ -n "${BUCKET_NAME:-}" ]; then
    s3_ head-bucket "$BUCKET_NAME" >/dev/null || die "the bucket $BUCKET_NAME is not there, or not in the account $BUCKET_OWNER"
    aws_ s3 rb --force "s3://$BUCKET_NAME" >/dev/null
    say "deleted: the bucket $BUCKET_NAME"
  fi
}

for step in "${steps[@]}"; do
  say "--- $step"
  "step_$step"
done
