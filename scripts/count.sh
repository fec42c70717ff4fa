# Reads from the log of a test runner how many tests passed and failed. Sourced, never run.

# count_tests LOG: prints PASSED FAILED, the sum over every summary that the log has:
#   cargo test   test result: ok. 12 passed; 0 failed; …
#   vitest       Tests  1 failed | 11 passed (12)
#   tests/run    12 passed, 1 failed
count_tests() {
    awk '
        function before(word,    n, parts) { return match($0, "[0-9]+ " word) ? substr($0, RSTART, RLENGTH) + 0 : 0 }
        /^test result: / || /^ *Tests +[0-9]/ || /^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$/ {
            passed += before("passed")
            failed += before("failed")
        }
        END { print passed + 0, failed + 0 }
    ' "$1"
}
