fn main() -> std::process::ExitCode {
    crest::cli::main()
}
