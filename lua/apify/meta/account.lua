---@meta
--- Users, schedules and the store as the API gives them, for editors; never loaded. A field that is null is absent.
--- Not to be edited: spec/setup/types.lua writes it, from version v2-2026-08-05T133145Z of the API's OpenAPI document.

---@class apify.User
---@field effectivePlatformFeatures apify.EffectivePlatformFeatures
---@field isPaying boolean
---@field plan apify.UserPlan
---@field username string
---@field createdAt? string
---@field email? string
---@field id? string
---@field profile? apify.UserProfile
---@field proxy? apify.UserProxy

---@class apify.PublicUser
---@field username string
---@field profile? apify.UserProfile

---@class apify.MonthlyUsage
---@field dailyServiceUsages apify.DailyServiceUsages[]
---@field monthlyServiceUsage table<string, apify.UsageItem>
---@field totalUsageCreditsUsdAfterVolumeDiscount number
---@field totalUsageCreditsUsdBeforeVolumeDiscount number
---@field usageCycle apify.UsageCycle

---@class apify.AccountLimits
---@field current apify.LimitsUsed
---@field limits apify.LimitsSet
---@field monthlyUsageCycle apify.UsageCycle

---@class apify.Schedule
---@field actions apify.ScheduleAction[]
---@field createdAt string
---@field cronExpression string
---@field id string
---@field isEnabled boolean
---@field isExclusive boolean
---@field modifiedAt string
---@field name string
---@field timezone string
---@field userId string
---@field description? string
---@field lastRunAt? string
---@field nextRunAt? string
---@field notifications? { email?: boolean } Notification settings for this schedule
---@field title? string

---@class apify.ScheduleRow
---@field actions apify.ScheduleActionShort[]
---@field createdAt string
---@field cronExpression string
---@field id string
---@field isEnabled boolean
---@field isExclusive boolean
---@field modifiedAt string
---@field name string
---@field timezone string
---@field userId string
---@field lastRunAt? string
---@field nextRunAt? string

---@class apify.ScheduleFields
---@field actions? apify.ScheduleCreateAction[]
---@field cronExpression? string
---@field description? string
---@field isEnabled? boolean
---@field isExclusive? boolean
---@field name? string
---@field timezone? string
---@field title? string

---@class apify.ScheduleInvocation
---@field createdAt string
---@field level string
---@field message string

---@class apify.StoreActorRow
---@field id string
---@field name string
---@field stats apify.ActorStats
---@field title string
---@field username string
---@field actorReviewCount? integer
---@field actorReviewRating? number
---@field badge? string
---@field bookmarkCount? integer
---@field categories? string[]
---@field currentPricingInfo? apify.CurrentPricingInfo
---@field description? string
---@field isWhiteListedForAgenticPayments? boolean Whether the Actor is whitelisted for agentic payment processing
---@field notice? apify.ActorNotice
---@field pictureUrl? string
---@field readmeSummary? string A brief, LLM-generated readme summary
---@field url? string
---@field userFullName? string
---@field userPictureUrl? string

---@class apify.EffectivePlatformFeatures
---@field ACTORS apify.EffectivePlatformFeature
---@field ACTORS_PUBLIC_ALL apify.EffectivePlatformFeature
---@field ACTORS_PUBLIC_DEVELOPER apify.EffectivePlatformFeature
---@field PROXY apify.EffectivePlatformFeature
---@field PROXY_EXTERNAL_ACCESS apify.EffectivePlatformFeature
---@field PROXY_RESIDENTIAL apify.EffectivePlatformFeature
---@field PROXY_SERPS apify.EffectivePlatformFeature
---@field SCHEDULER apify.EffectivePlatformFeature
---@field STORAGE apify.EffectivePlatformFeature
---@field WEBHOOKS apify.EffectivePlatformFeature

---@class apify.UserPlan
---@field availableProxyGroups table<string, integer>
---@field apiRateLimitBoosts? integer
---@field availableAddOns? string[]
---@field dataRetentionDays? integer
---@field description? string
---@field enabledPlatformFeatures? string[]
---@field id? string
---@field isEnabled? boolean
---@field maxActorCount? integer
---@field maxActorMemoryGbytes? number
---@field maxActorTaskCount? integer
---@field maxConcurrentActorRuns? integer
---@field maxMonthlyActorComputeUnits? number
---@field maxMonthlyExternalDataTransferGbytes? number
---@field maxMonthlyProxySerps? integer
---@field maxMonthlyResidentialProxyGbytes? number
---@field maxMonthlyUsageUsd? number
---@field maxScheduleCount? integer
---@field monthlyBasePriceUsd? number
---@field monthlyUsageCreditsUsd? number
---@field planPricing? table Pricing details for this plan
---@field supportLevel? string
---@field teamAccountSeatCount? integer
---@field tier? string
---@field usageDiscountPercent? number

---@class apify.UserProfile
---@field bio? string
---@field githubUsername? string
---@field name? string
---@field pictureUrl? string
---@field twitterUsername? string
---@field websiteUrl? string

---@class apify.UserProxy
---@field groups apify.ProxyGroup[]
---@field password string

---@class apify.DailyServiceUsages
---@field date string
---@field serviceUsage table<string, apify.UsageItem>
---@field totalUsageCreditsUsd number

---@class apify.UsageItem
---@field baseAmountUsd number
---@field quantity number
---@field amountAfterVolumeDiscountUsd? number
---@field baseUnitPriceUsd? number
---@field priceTiers? apify.PriceTiers[]

---@class apify.UsageCycle
---@field endAt string
---@field startAt string

---@class apify.LimitsUsed
---@field activeActorJobCount integer
---@field actorCount integer
---@field actorMemoryGbytes number
---@field actorTaskCount integer
---@field monthlyActorComputeUnits number
---@field monthlyExternalDataTransferGbytes number
---@field monthlyProxySerps integer
---@field monthlyResidentialProxyGbytes number
---@field monthlyUsageUsd number
---@field teamAccountSeatCount integer
---@field scheduleCount? integer

---@class apify.LimitsSet
---@field dataRetentionDays integer
---@field maxActorCount integer
---@field maxActorMemoryGbytes number
---@field maxActorTaskCount integer
---@field maxConcurrentActorJobs integer
---@field maxMonthlyActorComputeUnits number
---@field maxMonthlyExternalDataTransferGbytes number
---@field maxMonthlyProxySerps integer
---@field maxMonthlyResidentialProxyGbytes number
---@field maxMonthlyUsageUsd number
---@field maxTeamAccountSeatCount integer
---@field maxScheduleCount? integer

---@class apify.ScheduleAction
---@field id string
---@field type any
---@field actorId? string
---@field actorTaskId? string
---@field input? table
---@field runInput? apify.ScheduleActionRunInput
---@field runOptions? apify.ActorTaskConfiguration

---@class apify.ScheduleActionShort
---@field id string
---@field type any
---@field actorId? string
---@field actorTaskId? string

---@class apify.ScheduleCreateAction
---@field type any
---@field actorId? string
---@field actorTaskId? string
---@field input? table
---@field runInput? apify.ScheduleActionRunInput
---@field runOptions? apify.ActorTaskConfiguration

---@class apify.CurrentPricingInfo
---@field pricingModel string
---@field apifyMarginPercentage? number
---@field createdAt? string
---@field forceContainsSignificantPriceChange? boolean
---@field isPPEPlatformUsagePaidByUser? boolean
---@field isPriceChangeNotificationSuppressed? boolean
---@field minimalMaxTotalChargeUsd? number
---@field notifiedAboutChangeAt? string
---@field notifiedAboutFutureChangeAt? string
---@field pricePerUnitUsd? number
---@field pricingPerEvent? table Per-event pricing configuration for pay-per-event Actors
---@field reasonForChange? string
---@field startedAt? string
---@field trialMinutes? integer
---@field unitName? string

---@class apify.EffectivePlatformFeature
---@field isEnabled boolean
---@field isTrial boolean
---@field disabledReason? string
---@field disabledReasonType? string
---@field trialExpirationAt? string

---@class apify.ProxyGroup
---@field availableCount integer
---@field name string
---@field description? string

---@class apify.PriceTiers
---@field discountPercent number
---@field priceUsd number
---@field quantityAbove number
---@field tierQuantity number
---@field unitPriceUsd number

---@class apify.ScheduleActionRunInput
---@field body? string
---@field contentType? string
