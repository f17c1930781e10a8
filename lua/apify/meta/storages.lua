---@meta
--- Datasets, key-value stores and request queues as the API gives them, for editors; never loaded. A field that is null is absent.
--- Not to be edited: spec/setup/types.lua writes it, from version v2-2026-08-05T133145Z of the API's OpenAPI document.

---@class apify.Dataset
---@field accessedAt string
---@field cleanItemCount integer
---@field consoleUrl string
---@field createdAt string
---@field id string
---@field itemCount integer
---@field modifiedAt string
---@field userId string
---@field actId? string
---@field actRunId? string
---@field fields? string[]
---@field generalAccess? apify.GeneralAccess
---@field itemsPublicUrl? string A public link to access the dataset items directly
---@field name? string
---@field schema? table
---@field stats? apify.DatasetStats
---@field urlSigningSecretKey? string A secret key for generating signed public URLs

---@class apify.DatasetRow
---@field accessedAt string
---@field cleanItemCount integer
---@field createdAt string
---@field id string
---@field itemCount integer
---@field modifiedAt string
---@field name string
---@field userId string
---@field actId? string
---@field actRunId? string
---@field generalAccess? apify.GeneralAccess
---@field stats? apify.DatasetStats
---@field title? string
---@field username? string

---@class apify.DatasetStatistics
---@field fieldStatistics? table<string, apify.DatasetFieldStatistics>

---@class apify.KeyValueStore
---@field accessedAt string
---@field createdAt string
---@field id string
---@field modifiedAt string
---@field actId? string
---@field actRunId? string
---@field consoleUrl? string
---@field generalAccess? apify.GeneralAccess
---@field keysPublicUrl? string A public link to access keys of the key-value store directly
---@field name? string
---@field recordsPublicUrl? string A public link to access records of the key-value store directly
---@field schema? table Optional JSON schema describing the keys stored in the key-value store
---@field stats? apify.KeyValueStoreStats
---@field urlSigningSecretKey? string A secret key for generating signed public URLs
---@field userId? string
---@field username? string

---@class apify.KeyPage
---@field count integer
---@field isTruncated boolean
---@field items apify.KeyValueStoreKey[]
---@field limit integer
---@field exclusiveStartKey? string
---@field nextExclusiveStartKey? string

--- A request queue object containing metadata and statistics
---@class apify.RequestQueue
---@field accessedAt string
---@field consoleUrl string The URL to view the request queue in the Apify console
---@field createdAt string
---@field hadMultipleClients boolean
---@field handledRequestCount integer
---@field id string
---@field modifiedAt string
---@field pendingRequestCount integer
---@field totalRequestCount integer
---@field userId string
---@field actId? string The ID of the Actor that created this request queue
---@field actRunId? string The ID of the Actor run that created this request queue
---@field generalAccess? apify.GeneralAccess
---@field name? string The name of the request queue
---@field stats? apify.RequestQueueStats

--- A shortened request queue object for list responses
---@class apify.RequestQueueRow
---@field accessedAt string
---@field createdAt string
---@field hadMultipleClients boolean
---@field handledRequestCount integer
---@field id string
---@field modifiedAt string
---@field name string The name of the request queue
---@field pendingRequestCount integer
---@field totalRequestCount integer
---@field userId string
---@field username string The username of the user who owns the request queue
---@field actId? string The ID of the Actor that created this request queue
---@field actRunId? string The ID of the Actor run that created this request queue
---@field expireAt? string The timestamp when the request queue will expire and be deleted
---@field generalAccess? apify.GeneralAccess
---@field stats? apify.RequestQueueStats

--- A request stored in the request queue, including its metadata and processing state
---@class apify.QueueRequest
---@field uniqueKey string
---@field url string
---@field errorMessages? string[] Error messages recorded from failed processing attempts
---@field handledAt? string The timestamp when the request was marked as handled, if applicable
---@field headers? table HTTP headers sent with the request
---@field id? string
---@field loadedUrl? string The final URL that was loaded, after redirects (if any)
---@field method? apify.HttpMethod
---@field noRetry? boolean Indicates whether the request should not be retried if processing fails
---@field payload? string|table The request payload, typically used with POST or PUT requests
---@field retryCount? integer
---@field userData? table

--- A paginated list of requests from the request queue
---@class apify.QueueRequestPage
---@field items apify.QueueRequest[] The array of requests
---@field limit integer The maximum number of requests returned in this response
---@field cursor? string A cursor string used for current page of results
---@field exclusiveStartId? string The ID of the last request from the previous page, used for pagination
---@field nextCursor? string A cursor string to be used to continue pagination

--- A batch of requests from the request queue head without locking
---@class apify.QueueHead
---@field hadMultipleClients boolean
---@field items apify.QueueHeadRow[] The array of requests from the request queue head
---@field limit integer
---@field queueModifiedAt string

--- A batch of locked requests from the request queue head
---@class apify.LockedQueueHead
---@field hadMultipleClients boolean
---@field items apify.LockedQueueHeadRow[] The array of locked requests from the request queue head
---@field limit integer
---@field lockSecs integer The number of seconds the locks will be held
---@field queueModifiedAt string
---@field clientKey? string The client key used for locking the requests
---@field queueHasLockedRequests? boolean

---@class apify.RequestRegistration
---@field requestId string
---@field wasAlreadyHandled boolean
---@field wasAlreadyPresent boolean

--- Information about a request that was successfully added to a request queue
---@class apify.AddedRequest
---@field requestId string
---@field uniqueKey string
---@field wasAlreadyHandled boolean
---@field wasAlreadyPresent boolean

--- Confirmation of a request that was successfully deleted from a request queue
---@class apify.DeletedRequest
---@field id? string
---@field uniqueKey? string

--- Information about a request lock
---@class apify.RequestLock
---@field lockExpiresAt string

--- Result of unlocking requests in the request queue
---@class apify.UnlockRequestsResult
---@field unlockedCount integer Number of requests that were successfully unlocked

---@class apify.DatasetStats
---@field inflatedBytes? integer Uncompressed size in bytes
---@field readCount? integer
---@field storageBytes? integer Total storage size in bytes
---@field writeCount? integer

---@class apify.DatasetFieldStatistics
---@field emptyCount? integer
---@field max? number Maximum value of the field
---@field min? number Minimum value of the field
---@field nullCount? integer How many items in the dataset have a null value for this field

---@class apify.KeyValueStoreStats
---@field deleteCount? integer
---@field listCount? integer
---@field readCount? integer
---@field s3StorageBytes? integer
---@field storageBytes? integer
---@field writeCount? integer

---@class apify.KeyValueStoreKey
---@field key string
---@field recordPublicUrl string A public link to access this record directly
---@field size integer

--- Statistics about request queue operations and storage
---@class apify.RequestQueueStats
---@field deleteCount? integer The number of delete operations performed on the request queue
---@field headItemReadCount? integer The number of times requests from the head were read
---@field readCount? integer The total number of read operations performed on the request queue
---@field storageBytes? integer The total storage size in bytes used by the request queue
---@field writeCount? integer The total number of write operations performed on the request queue

---@alias apify.HttpMethod
---| "GET"
---| "HEAD"
---| "POST"
---| "PUT"
---| "DELETE"
---| "CONNECT"
---| "OPTIONS"
---| "TRACE"
---| "PATCH"
---| string

--- A request from the request queue head without lock information
---@class apify.QueueHeadRow
---@field id string
---@field uniqueKey string
---@field url string
---@field method? apify.HttpMethod
---@field retryCount? integer

--- A request from the request queue head that has been locked for processing
---@class apify.LockedQueueHeadRow
---@field id string
---@field lockExpiresAt string
---@field uniqueKey string
---@field url string
---@field method? apify.HttpMethod
---@field retryCount? integer
