// SPDX-License-Identifier: BSL-1.0
// How a session serves its requests.

#include "session.hpp"

#include "../base/text.hpp"
#include "../base/work.hpp"
#include "../commands/login.hpp"
#include "server.hpp"

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <utility>

namespace kv {

namespace {

/// How long, and for how many bytes, a connection that ends is still listened to, so that the last words arrive.
constexpr std::chrono::seconds linger{1};
constexpr std::size_t linger_bytes_max = 4 * 1024 * 1024;

/// As Redis writes it: an IPv6 address has no brackets there.
[[nodiscard]] std::string text_of(const asio::ip::tcp::endpoint& endpoint) {
    return joined(endpoint.address().to_string(), ":", endpoint.port());
}

}  // namespace

Session::Session(Server& server, Socket socket, std::uint64_t id)
    : server_(server), socket_(std::move(socket)), timer_(socket_.get_executor()) {
    std::error_code ignored;
    client_.id = id;
    client_.address = text_of(socket_.remote_endpoint(ignored));
    client_.local_address = text_of(socket_.local_endpoint(ignored));
    client_.since = client_.active = std::chrono::steady_clock::now();
    server_.service().all_clients.emplace(id, &client_);
}

void Session::start() {
    server_.watch(socket_.native_handle(), client_.id);
    read();
}

void Session::refuse(std::string_view error) {
    ReplyWriter(replies_, client_.protocol).error(error);
    ending_ = true;
    flush();
}

void Session::close() {
    if (std::exchange(closed_, true)) return;
    std::error_code ignored;
    socket_.close(ignored);
    timer_.cancel();
    end_wait();
    server_.service().all_clients.erase(client_.id);
    server_.forget(*this);
}

void Session::resume() {
    held_ = false;
    serve_soon();
}

void Session::finish() {
    finishing_ = true;
    held_ = false;
    if (reading_) ending_ = true;  // all that was received is served
    if (wait_) {
        wait_->deadline = std::chrono::steady_clock::now();
        timer_.cancel();
        look(server_.service().node.status());
        if (wait_) look_later();
    }
    serve_soon();
}

void Session::read() {
    if (reading_ || ending_ || closed_) return;
    reading_ = true;
    const auto room = reader_.room();
    socket_.async_read_some(asio::buffer(room.data(), room.size()),
                            [self = shared_from_this()](std::error_code error, std::size_t bytes) {
                                self->reading_ = false;
                                if (self->ended_) return error ? self->close() : self->discard();
                                // Who sends no more may still want the replies to what was sent.
                                if (error == asio::error::eof)
                                    self->ending_ = true;
                                else if (error)
                                    return self->close();
                                self->reader_.received(bytes);
                                self->serve();
                            });
}

/// Many writes end at the same time; their connection is served once.
void Session::serve_soon() {
    if (serving_soon_ || closed_) return;
    serving_soon_ = true;
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
        self->serving_soon_ = false;
        self->tell_ends();
        self->serve();
    });
}

void Session::serve() {
    using Step = RequestReader::Step;
    bool can_go_on = true;
    while (can_go_on && !closed_ && !ending_ && !reading_ && !held_ && !wait_ && replies_.size() < unsent_bytes_max) {
        if (step_ == Step::incomplete) step_ = reader_.next();
        if (step_ == Step::incomplete) {
            finishing_ ? void(ending_ = true) : read();
        } else if (step_ == Step::request) {
            can_go_on = serve_request();
            if (can_go_on) step_ = Step::incomplete;
        } else {
            can_go_on = serve_refusal(joined("ERR ", reader_.complaint()));
            if (!can_go_on) break;
            if (std::exchange(step_, Step::incomplete) == Step::refused) continue;
            ++server_.service().protocol_errors;
            ending_ = true;
        }
    }
    flush();
}

bool Session::serve_request() {
    Work::note(Work::requests);
    const auto words = reader_.words();
    const CommandType* const type = find_command(words[0]);
    client_.active = std::chrono::steady_clock::now();
    client_.command = type == nullptr ? std::string_view{} : type->name;
    if (const std::string error = refusal(type, words); !error.empty()) {
        // A browser that was led here must not get any further.
        if (type == nullptr && (is_word(words[0], "POST") || is_word(words[0], "HOST:"))) {
            if (!pending_.empty()) return false;
            ending_ = true;
            return serve_refusal("ERR this is not a web server");
        }
        return serve_refusal(error);
    }
    if (const char* const error = refusal(*type, client_, server_.service()); error != nullptr) {
        return serve_refusal(error);
    }
    if (type->kind == CommandType::Kind::write) return serve_write(*type);
    if (!pending_.empty()) return false;
    if (const std::string error = refusal(*type, server_.service()); !error.empty()) return serve_refusal(error);
    ++server_.service().requests;
    if (type->kind == CommandType::Kind::wait) return begin_wait(*type);
    ReplyWriter reply(replies_, client_.protocol);
    Call call{words, client_, server_.service(), reply};
    type->answer(call);
    ending_ = client_.quits;
    return true;
}

bool Session::serve_write(const CommandType& type) {
    WritePlan plan;
    if (const char* const error = type.plan(reader_.words(), plan); error != nullptr) return serve_refusal(error);
    if (const char* const error = refusal(plan.command); error != nullptr) return serve_refusal(error);
    if (const std::string error = refusal(type, server_.service()); !error.empty()) return serve_refusal(error);
    if (pending_.size() >= writes_in_flight_max) return false;
    auto ended = [self = shared_from_this(), number = first_pending_ + pending_.size()](const WriteEnd& end) {
        self->written(number, end);
    };
    if (!server_.writes().write(plan.command, std::move(ended))) {
        held_ = true;
        server_.hold(shared_from_this());
        return false;
    }
    ++server_.service().requests;
    pending_.push_back({plan.form, false, {}});
    return true;
}

/// An error has its turn like any other reply.
bool Session::serve_refusal(std::string_view error) {
    if (!pending_.empty()) return false;
    ++server_.service().requests;
    ReplyWriter(replies_, client_.protocol).error(error);
    return true;
}

void Session::written(std::uint64_t number, const WriteEnd& end) {
    PendingWrite& write = pending_[static_cast<std::size_t>(number - first_pending_)];
    write.end = end;
    write.ended = true;
    server_.room_again();
    serve_soon();
}

void Session::tell_ends() {
    ReplyWriter reply(replies_, client_.protocol);
    while (!pending_.empty() && pending_.front().ended) {
        const PendingWrite& write = pending_.front();
        if (write.end.error == replicator::Error::none) client_.last_write = write.end.position;
        write_result(reply, write.form, write.end);
        pending_.pop_front();
        ++first_pending_;
    }
}

bool Session::begin_wait(const CommandType& type) {
    ReplyWriter reply(replies_, client_.protocol);
    Call call{reader_.words(), client_, server_.service(), reply};
    wait_ = type.begin(call);
    if (!wait_) return true;
    client_.waits = true;
    server_.wait_begins(client_.id);
    look(server_.service().node.status());
    if (wait_) look_later();
    return true;
}

void Session::look(const Status& status) {
    if (!wait_) return;
    // Who sends nothing more may still want to hear what it is owed, but will not wait for it.
    const bool late = hung_up_ || (wait_->deadline && std::chrono::steady_clock::now() >= *wait_->deadline);
    ReplyWriter reply(replies_, client_.protocol);
    if (!wait_->answers(server_.service(), status, reply, late)) return;
    end_wait();
    if (hung_up_) leave_later();
    serve_soon();
}

void Session::end_wait() {
    if (!std::exchange(wait_, std::nullopt)) return;
    client_.waits = false;
    timer_.cancel();
    server_.wait_ends(client_.id);
}

/// When time alone may bring the answer.
void Session::look_later() {
    const auto now = std::chrono::steady_clock::now();
    auto at = wait_->deadline.value_or(std::chrono::steady_clock::time_point::max());
    // What is late and goes on all the same comes by itself soon, and is not asked without a pause.
    if (wait_->look_interval) at = at <= now ? now + *wait_->look_interval : std::min(at, now + *wait_->look_interval);
    if (at == std::chrono::steady_clock::time_point::max()) return;
    timer_.expires_at(at);
    timer_.async_wait([self = shared_from_this()](std::error_code error) {
        if (error || self->closed_ || !self->wait_) return;
        self->look(self->server_.service().node.status());
        if (self->wait_) self->look_later();
    });
}

void Session::hung_up(bool is_broken) {
    if (closed_ || ended_) return;
    if (is_broken) return close();
    hung_up_ = true;
    wait_ ? look(server_.service().node.status()) : leave_later();
}

/// What it is still owed may come never, such as the end of a write that too few followers hold.
void Session::leave_later() {
    timer_.expires_after(server_.service().client_timeout);
    timer_.async_wait([self = shared_from_this()](std::error_code error) {
        if (!error) self->close();
    });
}

void Session::flush() {
    if (writing_ || closed_) return;
    if (replies_.empty()) {
        if (ending_ && pending_.empty() && !wait_) end();
        return;
    }
    writing_ = true;
    std::swap(sending_, replies_);
    asio::async_write(socket_, asio::buffer(sending_), [self = shared_from_this()](std::error_code error, std::size_t) {
        self->writing_ = false;
        if (error) return self->close();
        self->sending_.clear();
        if (self->sending_.capacity() > 2 * unsent_bytes_max) self->sending_.shrink_to_fit();
        self->serve();
    });
}

/// The last reply is out. What the client still sends is read and thrown away for a while: closing at once could take
/// that reply from it.
void Session::end() {
    if (std::exchange(ended_, true)) return;
    std::error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    timer_.expires_after(linger);
    timer_.async_wait([self = shared_from_this()](std::error_code error) {
        if (!error) self->close();
    });
    discard();
}

void Session::discard() {
    if (std::exchange(reading_, true)) return;
    sending_.resize(16 * 1024);
    socket_.async_read_some(asio::buffer(sending_),
                            [self = shared_from_this()](std::error_code error, std::size_t bytes) {
                                self->reading_ = false;
                                self->discarded_bytes_ += bytes;
                                if (error || self->discarded_bytes_ > linger_bytes_max) return self->close();
                                self->discard();
                            });
}

}  // namespace kv
