-- What wrk posts: distinct events, each with a real HMAC. Arguments: secret, a word that no other run uses.
local ffi = require("ffi")
ffi.cdef [[
  const void *EVP_sha256(void);
  unsigned char *HMAC(const void *kind, const void *key, int length, const unsigned char *data, size_t n,
                      unsigned char *digest, unsigned int *digest_length);
]]
local EVENT = '{"key":{"remoteJid":"55209%08d@s.whatsapp.net","fromMe":false,"id":"%s%010d","participant":""},' ..
  '"messageTimestamp":%d,"pushName":"Cliente","broadcast":false,"message":{"conversation":"quanto custa a limpeza?"}}'
local HEX = {}
for byte = 0, 255 do HEX[byte] = string.format("%02x", byte) end

local kind, digest, length = ffi.C.EVP_sha256(), ffi.new("unsigned char[32]"), ffi.new("unsigned int[1]")
local secret, word, count = "", "", 0

function init(arguments)
  secret, word = arguments[1], arguments[2]
end

function request()
  count = count + 1
  local now = os.time()
  local body = string.format(EVENT, count % 100000000, word, count, now)
  local signed = now .. "." .. body
  ffi.C.HMAC(kind, secret, #secret, signed, #signed, digest, length)
  local hex = {}
  for at = 0, 31 do hex[at + 1] = HEX[digest[at]] end
  local headers = {
    ["Content-Type"] = "application/json", ["X-Timestamp"] = tostring(now), ["X-Signature"] = table.concat(hex),
  }
  return wrk.format("POST", "/webhook/whaticket", headers, body)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("\nKNOCKED %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
