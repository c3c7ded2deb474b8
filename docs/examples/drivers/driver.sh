#!/bin/sh
# A client of Juhuo that stays: told each wish as a line of JSON, answers with one.
# It submits a task and tells its id; whoever wants more than that in a shell has jq.
member() { printf '%s' "$2" | sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p"; }

while IFS= read -r wish; do
  run=$(member run "$wish")
  said=$(curl --silent --max-time 10 --header "Authorization: Bearer $(member api_key "$wish")" \
    --json "{\"prompt\": \"$(member prompt "$wish")\", \"duration\": 4}" \
    "$(member base_url "$wish")/open-api/v1/video/submit")
  task=$(member taskId "$said")
  if [ -n "$task" ]; then
    printf '{"run": %s, "ok": true, "result": "%s"}\n' "$run" "$task"
  else
    printf '{"run": %s, "ok": false, "error": "no task"}\n' "$run"
  fi
done
