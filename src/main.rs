use tikv_jemallocator::Jemalloc;

/// Arrivals are bursts of short-lived pieces between long-lived ones. jemalloc keeps sizes apart and
/// gives pages back once they are empty; see [`_rjem_malloc_conf`].
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// Empty pages go back after a second, by a thread of jemalloc's own.
#[allow(non_upper_case_globals)]
#[unsafe(export_name = "_rjem_malloc_conf")]
pub static malloc_conf: &[u8] =
    b"background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0,narenas:4\0";

fn main() -> std::process::ExitCode {
    crest::cli::main()
}
