# Every recipe is one plain line: `just` is a convenience, never a need.

# Run the server
run *args:
    cargo run --release --bin chat-server -- --port 8000 {{args}}

# Run the terminal client
tui user="me" room="general":
    cargo run --release --bin chat-tui -- --user {{user}} --room {{room}}

# Pass the tests
test:
    cargo test --workspace

# Pass the page's own tests (needs node)
test-page:
    node --test server/tests/page/*.test.js

# Check the page's types (needs node and npm)
check-page:
    npm install --silent --prefix server
    server/node_modules/.bin/tsc -p server

# The page in a real browser, alone and beside the terminal client (needs chromium, chromedriver, and axe-core by `just check-page`)
test-browser:
    cargo test -p chat-server -p chat-tui --test browser -- --ignored

# Behind nginx and Caddy, as docs/operations.md has them (needs both, and chromium with chromedriver)
test-proxies:
    cargo test -p chat-server --test proxies -- --ignored

# More rounds of killing the server (20 in the tests)
test-kill rounds="100":
    KILL_ROUNDS={{rounds}} cargo test -p chat-server --test kill9 -- --nocapture

# More strangers who mean harm (5,000 in the tests)
test-hostile cases="100000" seed="1":
    HOSTILE_CASES={{cases}} HOSTILE_SEED={{seed}} cargo test --release -p chat-server --test hostile -- --ignored --nocapture

# One fuzz target (needs nightly and cargo-fuzz)
fuzz target="names" seconds="60":
    mkdir -p fuzz/corpus/{{target}} && cargo +nightly fuzz run {{target}} fuzz/corpus/{{target}} fuzz/seeds/{{target}} -- -max_total_time={{seconds}} -max_len=4096

# The conformance suite of Autobahn (needs Python 2.7)
test-autobahn:
    .ci/autobahn

# What man says of the manual pages (needs man-db and groff)
test-manual:
    cargo test -p chat-server -p chat-tui --test manual -- --ignored

# The Debian packages, in target/debian (needs cargo-deb)
deb:
    cargo build --release --locked -p chat-server -p chat-tui
    server/packaging/prepare target/release
    cargo deb --no-build --locked -p chat-server
    cargo deb --no-build --locked -p chat-tui

# The packages tried: installed, upgraded, removed (needs root on a Debian that has no chat-server)
test-deb:
    cargo build --locked -p chat-server -p chat-tui
    .ci/deb target/debug

# One file for any Linux (needs musl-tools, and rustup target add x86_64-unknown-linux-musl)
static:
    cargo build --release --locked --target x86_64-unknown-linux-musl -p chat-server -p chat-tui

# The figures of docs/performance.md
figures *args:
    cargo bench -p chat-server --bench figures -- {{args}}

# What CI runs beside the tests
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items
