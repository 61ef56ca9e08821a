// GitHub's bpe-openai behind token_bench's protocol.
use std::io::BufRead;

fn cpu_seconds() -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut now) };
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}

fn main() {
    let tokenizer = bpe_openai::o200k_base();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line");
        let (command, argument) = line.split_once(' ').expect("two words");
        if command == "fresh" {
            println!("0 0");
            continue;
        }
        let text = std::fs::read_to_string(argument).expect("a text");
        let begin = cpu_seconds();
        let tokens = tokenizer.count(&text);
        println!("{} {}", tokens, cpu_seconds() - begin);
    }
}
